// What a move of a drain waits for, in this browser's language: from the facts that the server gives.
import type { Returns } from '../../api.ts'
import { formatList, t } from '../../i18n/t.ts'
import { unplacedText } from '../../ui/cause.ts'

export type WaitsFor = NonNullable<Returns<'GET /v1/machines/{machineId}/drain'>['moves'][number]['waitsFor']>

/** A row from before the server gave figures has its message alone. */
export function waitText(waitsFor: WaitsFor | null): string {
  return waitsFor === null ? t('drain.moving') : (factsText(waitsFor) ?? waitsFor.message)
}

function factsText({ code, count, gatewayIds, noRoom }: WaitsFor): string | null {
  const gateways = formatList(gatewayIds)
  switch (code) {
    case 'NoRoom':
      return noRoom && t('drain.waits.NoRoom', { why: unplacedText(noRoom) })
    case 'ReplacementStarting':
    case 'Stopping':
      return t(`drain.waits.${code}`)
    case 'GatewayNotAcknowledged':
      return gateways === '' ? null : t('drain.waits.GatewayNotAcknowledged', { gateways })
    case 'RequestsInFlight':
      if (gateways !== '') return t('drain.waits.GatewayNotReported', { gateways })
      return count === null ? null : t('drain.waits.RequestsInFlight', { count })
    case 'ReplacementFailing':
    case 'OpenConnections':
      return count === null ? null : t(`drain.waits.${code}`, { count })
  }
}
