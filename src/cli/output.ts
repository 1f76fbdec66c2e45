// What a command prints: data on stdout (tables for people, or the API's own JSON), everything else on stderr.
import Table from 'cli-table3'
import { formatFen, formatMicros } from '../lib/money.ts'

/** A reader that has gone (`berth … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

export const printLine = (text = ''): void => {
  process.stdout.write(`${text}\n`)
}
export const say = (text = ''): void => {
  process.stderr.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2))
}

const bare = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
}

export type Cell = string | number | boolean | null

const cellText = (cell: Cell): string =>
  cell === null || cell === '' ? '-' : cell === true ? 'yes' : cell === false ? 'no' : String(cell)

/** Columns without borders; `right` names those that hold numbers. */
export function tableText(head: readonly string[], rows: readonly Cell[][], right: readonly string[] = []): string {
  const table = new Table({
    head: [...head],
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map(name => (right.includes(name) ? 'right' : 'left')),
  })
  table.push(...rows.map(row => row.map(cellText)))
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

/** A list: as a table, or what the API answered. */
export function printTable(
  head: readonly string[],
  rows: readonly Cell[][],
  options: { right?: readonly string[]; empty: string },
): void {
  if (rows.length === 0) say(options.empty)
  else printLine(tableText(head, rows, options.right))
}

/** One thing, a line a field. */
export function printFields(fields: Readonly<Record<string, Cell>>): void {
  const width = Math.max(...Object.keys(fields).map(name => name.length))
  for (const [name, value] of Object.entries(fields)) printLine(`${name.padEnd(width)}  ${cellText(value)}`)
}

export const moneyText = (fen: string | bigint): string => formatFen(BigInt(fen))
export const priceText = (micros: string | null): string => (micros === null ? '-' : formatMicros(BigInt(micros)))

/** `2026-11-23 22:13` in the zone of the person's computer. */
export function timeText(iso: string | null): string {
  if (iso === null) return '-'
  const local = Temporal.Instant.from(iso).toZonedDateTimeISO(Temporal.Now.timeZoneId())
  return `${local.toPlainDate()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`
}

export function mibText(mib: number): string {
  if (mib < 1024) return `${mib} MiB`
  return `${mib % 1024 === 0 ? mib / 1024 : (mib / 1024).toFixed(1)} GiB`
}

export const cpuText = (milli: number): string => String(milli / 1000)
export const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

interface PrintedStatus {
  running: boolean
  state: { apiUrl: string; gatewayUrl: string } | null
  processes: readonly {
    name: string
    pid: number | null
    running: boolean
    leaving: boolean
    since: string | null
    pssMiB: number | null
  }[]
}

export function printStatus(found: PrintedStatus, json: boolean): void {
  if (json) {
    printJson(found)
    return
  }
  if (!found.running) say('Berth is not running here. Start it with `berth up`.')
  else printFields({ API: found.state?.apiUrl ?? null, gateway: found.state?.gatewayUrl ?? null })
  if (!found.processes.some(process => process.running)) return
  if (found.running) printLine()
  const rows = found.processes.map(({ name, pid, running, leaving, since, pssMiB }): Cell[] => [
    name,
    running ? (leaving ? 'leaving' : 'running') : 'gone',
    pid,
    timeText(since),
    pssMiB === null ? null : `${pssMiB} MiB`,
  ])
  printLine(tableText(['PROCESS', 'STATE', 'PID', 'SINCE', 'MEMORY'], rows, ['PID', 'MEMORY']))
}
