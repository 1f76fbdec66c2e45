import type { Item } from '../../api.ts'

type Service = Pick<Item<'GET /v1/services'>, 'status' | 'causes'>

/** Where a service stands, in a word: an update that is paused says so, not that it goes on. */
export const shownStatus = ({ status, causes }: Service): string =>
  status === 'Updating' && causes.some(({ code }) => code === 'Paused') ? 'UpdatePaused' : status
