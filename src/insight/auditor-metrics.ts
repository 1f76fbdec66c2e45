// What the auditor knows, for Prometheus: a gauge per check; and the rows that are set aside. Read from the database when asked, so any process can answer.
import { Gauge, Registry } from 'prom-client'
import type { Db } from '../db/db.ts'
import { listSetAside, setAsideKinds } from '../reconcile/set-aside.ts'
import { auditorView } from './auditor.ts'

/** In Prometheus' text format. */
export async function auditorMetrics(db: Db, now: Temporal.Instant): Promise<string> {
  const { billingParkedSince, checks } = await auditorView(db)
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const findings = gauge('berth_auditor_findings', 'Findings of a check that stand', ['check'])
  const age = gauge('berth_auditor_check_age_seconds', 'Seconds since a check was last made in full', ['check'])
  for (const { name: check, findings: found, roundEndedAt } of checks) {
    findings.set({ check }, found.length)
    if (roundEndedAt) age.set({ check }, now.since(roundEndedAt).total('seconds'))
  }
  gauge('berth_billing_parked', '1 while billing and automatic charges wait for the books to be right').set(
    billingParkedSince === null ? 0 : 1,
  )
  const aside = gauge('berth_rows_set_aside', 'Rows that fail again and again and wait', ['kind'])
  for (const kind of setAsideKinds) aside.set({ kind }, 0)
  for (const { kind } of await listSetAside(db)) aside.inc({ kind })
  return registry.metrics()
}
