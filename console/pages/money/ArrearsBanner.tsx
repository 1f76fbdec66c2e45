import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { formatFen, formatInstant, t } from '../../i18n/t.ts'
import { useInstallation } from '../../ui/installation.ts'

type Arrears = NonNullable<Returns<'GET /v1/wallet'>['arrears']>

/** What happens to an account in arrears, when, and how to end it. */
export function ArrearsBanner({ arrears }: { arrears: Arrears }) {
  const installation = useInstallation()
  const zone = installation?.billingZone
  const { owedFen, stopsAt, stoppedAt, keptUntil, stoppedMachines: count } = arrears
  const at = (instant: string): string => `${formatInstant(instant, zone)} (${zone ?? ''})`
  const follows =
    stoppedAt === null
      ? t('arrears.stops', { at: at(stopsAt) })
      : count > 0 && keptUntil !== null
        ? t('arrears.kept', { count, at: at(keptUntil) })
        : t('arrears.noneKept')
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={t('arrears.owed', { amount: formatFen(owedFen, installation?.currency ?? 'CNY') })}
      description={
        <>
          <p className="said">{follows}</p>
          <p className="said">{t('arrears.howToEnd', { contact: installation?.operatorContact ?? '' })}</p>
        </>
      }
    />
  )
}
