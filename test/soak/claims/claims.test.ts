// A short cut of `npm run soak:claims`.
import { expect, onTestFinished, test } from 'vitest'
import { openMachines } from '../../kubernetes/machine-fixtures.ts'
import { Plane } from './plane.ts'
import { runRounds } from './rounds.ts'

test('two control planes in processes of their own claim no node twice', async () => {
  const { cluster, zoneId, specId } = await openMachines(6)
  const { kubeconfig, run, runLabel, double } = cluster
  const systemNamespace = await cluster.namespace()
  const order = { kubeconfig, systemNamespace, zoneId, specId }
  const planes = await Promise.all([Plane.start(order), Plane.start(order)])
  for (const plane of planes) onTestFinished(() => plane.end())
  const labelSelector = `${runLabel.key}=${runLabel.value}`
  const world = { api: cluster.api(), planes, labelSelector, nodeCount: 6, wantedByEach: 5, run }
  const trouble = (round: number) => double?.faults.arm({ kind: 'cut', done: round % 2 === 0 }, { on: 'patch nodes' })
  const tally = await runRounds({ ...world, trouble }, 6)
  expect(tally).toMatchObject({ rounds: 6, claimedTwice: 0, machinesWithTwoNodes: 0, untrue: 0, unmet: 0 })
})
