// `--dry-run`: what an action on machines would do, as the API tells it. Nothing is done.
import type { Operations } from '../../client/client.ts'
import { fitText } from '../fit-text.ts'
import { type Cell, moneyText, plural, printJson, printLine, say, tableText, timeText } from '../output.ts'
import type { Session } from '../session.ts'

type Preview = Operations['POST /v1/machines/preview']['returns']

export interface DryRunOptions {
  dryRun?: boolean
}

export interface PreviewedOptions extends DryRunOptions {
  preview?: string
}

/** Of the actions that can be held to their preview. */
export const previewOption: [string, string] = ['--preview <id>', 'of a dry run: does what it said, or refuses']
export const asPreviewed = ({ preview }: PreviewedOptions): { previewId?: string } =>
  preview === undefined ? {} : { previewId: preview }

export const dryRunOption: [string, string] = ['--dry-run', 'say what it would do, and do nothing']

export async function showPreview(
  session: Session,
  action: Preview['action'],
  machineIds: string[],
  options: { json: boolean; force?: boolean },
): Promise<void> {
  const body = { action, machineIds, force: options.force ?? false }
  const preview = await session.call('POST /v1/machines/preview', { body })
  if (options.json) return printJson(preview)
  print(preview)
  const isHomeless = preview.services.some(({ instances }) => instances.some(one => one.noRoom !== null))
  // What moves stays in its group, and so does what makes room for it.
  if (action !== 'drain' || !isHomeless || preview.groups.length !== 1) return
  printLine()
  for (const line of fitText(await session.call('POST /v1/machines/fit', { body: { machineIds } }))) printLine(line)
}

const held: readonly Preview['action'][] = ['drain', 'forceDrain', 'release']

function print({ action, previewId, machines, services, groups, billing }: Preview): void {
  const head = ['MACHINE', 'WOULD', 'HOLDS LIFTED', 'HOLDS LEFT', 'SERVICE INSTANCES']
  printLine(tableText(head, machines.map(machineRow), ['SERVICE INSTANCES']))
  if (services.length > 0) {
    printLine()
    printLine(tableText(['SERVICE', 'SERVICE INSTANCE', 'WOULD', 'IN FLIGHT'], services.flatMap(instanceRows)))
  }
  for (const { groupId, openMachines, openMachinesAfter } of groups) {
    say(`${groupId}: ${plural(openMachinesAfter, 'machine')} would take new service instances, ${openMachines} now.`)
  }
  for (const { name, running, runningAfter, floor, belowFloor, losesLast } of services) {
    if (losesLast) say(`${name} would lose its last running service instance.`)
    else if (belowFloor) say(`${name} would run ${runningAfter} of ${running}, below its floor of ${floor}.`)
  }
  if (billing)
    say(`Billing would end now (${timeText(billing.endsAt)}); ${moneyText(billing.accruedFen)} is not billed yet.`)
  say(
    `Nothing was done.${held.includes(action) ? ` --preview ${previewId} does this, or refuses if things have changed.` : ''}`,
  )
}

function machineRow({
  machineId,
  refusal,
  unchanged,
  lifts,
  remaining,
  serviceInstances,
  ...change
}: Preview['machines'][number]): Cell[] {
  const what = [
    ...(change.places === null ? [] : [change.places === 'drain' ? 'be drained' : 'be cordoned']),
    ...(lifts.length > 0 ? ['lift holds'] : []),
    ...(change.endsDrain ? ['end the drain'] : []),
    ...(change.setsDeadline ? ['get another deadline for its drain'] : []),
    ...(change.setsOverride ? ['let services fall below their floor'] : []),
    ...(change.stops ? ['stop what runs there'] : []),
  ]
  const would = refusal ? `refuse: ${refusal.message}` : unchanged ? 'stay as it is' : what.join(', ') || 'be released'
  const names = (holds: typeof lifts) => holds.map(hold => `${hold.ownerKind} ${hold.owner}`).join(', ')
  return [machineId, would, names(lifts), names(remaining), serviceInstances]
}

const instanceRows = ({ name, instances }: Preview['services'][number]): Cell[][] =>
  instances.map(({ serviceInstanceId, fate, toMachineId, noRoom, inFlight }) => {
    const where = toMachineId ? ` to ${toMachineId}` : noRoom ? `: no room, ${noRoom.message}` : ''
    const verb = {
      moves: 'move',
      restarts: 'have its process restarted',
      finishes: 'end after its requests',
      stops: 'be stopped; another runs',
    }[fate]
    const would = fate === 'stops' && !toMachineId && !noRoom ? 'be stopped' : `${verb}${where}`
    return [name, serviceInstanceId, would, inFlight]
  })
