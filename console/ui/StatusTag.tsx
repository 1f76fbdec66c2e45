// Where a machine, a group, a service or an order stands: a word and a colour. The word alone says it too.
import { tryT } from '../i18n/t.ts'
import { Tag, type Tone } from './Tag.tsx'

const tones: Record<string, Tone> = {
  // machines (EAS's names)
  Attaching: 'info',
  Ready: 'success',
  'Ready-SchedulingDisabled': 'warning',
  NotReady: 'error',
  'NotReady-SchedulingDisabled': 'error',
  Stopped: 'neutral',
  Deleting: 'info',
  Deleted: 'neutral',
  CreateFailed: 'error',
  // services and their instances
  Running: 'success',
  Waiting: 'warning',
  Creating: 'info',
  Starting: 'info',
  Stopping: 'info',
  Scaling: 'info',
  Updating: 'info',
  UpdatePaused: 'warning',
  Restarting: 'info',
  Isolated: 'warning',
  Failed: 'error',
  Complete: 'success',
  // orders
  placed: 'warning',
  paid: 'info',
  provisioning: 'info',
  fulfilled: 'success',
  refunding: 'info',
  refunded: 'warning',
  lapsed: 'neutral',
  cancelled: 'neutral',
  // order lines
  pending: 'info',
  delivered: 'success',
  // drains
  draining: 'info',
  blocked: 'warning',
  overdue: 'error',
  drained: 'success',
  aborted: 'neutral',
}

export function StatusTag({ status }: { status: string }) {
  return <Tag tone={tones[status] ?? 'neutral'}>{tryT(`status.${status}`) ?? status}</Tag>
}

export function ChargeTag({ chargeType }: { chargeType: 'prepaid' | 'postpaid' }) {
  return <Tag tone={chargeType === 'prepaid' ? 'info' : 'neutral'}>{tryT(`charge.${chargeType}`)}</Tag>
}
