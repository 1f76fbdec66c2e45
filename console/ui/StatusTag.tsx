// Where a machine, a group, a service or an order stands: a word and a colour. The word alone says it too.
import { Tag } from 'antd'
import { tryT } from '../i18n/t.ts'

const colors: Record<string, string> = {
  // machines (EAS's names)
  Attaching: 'processing',
  Ready: 'success',
  'Ready-SchedulingDisabled': 'warning',
  NotReady: 'error',
  'NotReady-SchedulingDisabled': 'error',
  Stopped: 'default',
  Deleting: 'processing',
  Deleted: 'default',
  CreateFailed: 'error',
  // services and their instances
  Running: 'success',
  Waiting: 'warning',
  Creating: 'processing',
  Starting: 'processing',
  Stopping: 'processing',
  Scaling: 'processing',
  Updating: 'processing',
  Failed: 'error',
  Complete: 'success',
  // orders
  placed: 'warning',
  paid: 'processing',
  provisioning: 'processing',
  fulfilled: 'success',
  refunding: 'processing',
  refunded: 'warning',
  lapsed: 'default',
  cancelled: 'default',
  // order lines
  pending: 'processing',
  delivered: 'success',
  // drains
  draining: 'processing',
  blocked: 'warning',
  overdue: 'error',
  drained: 'success',
  aborted: 'default',
}

export function StatusTag({ status }: { status: string }) {
  return <Tag color={colors[status] ?? 'default'}>{tryT(`status.${status}`) ?? status}</Tag>
}

export function ChargeTag({ chargeType }: { chargeType: 'prepaid' | 'postpaid' }) {
  return <Tag color={chargeType === 'prepaid' ? 'blue' : 'default'}>{tryT(`charge.${chargeType}`)}</Tag>
}
