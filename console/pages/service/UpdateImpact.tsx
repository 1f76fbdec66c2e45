// What a change of a service would do, in words: the server's own preview of it.
import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { unplacedText } from '../../ui/cause.ts'

type Impact = Returns<'POST /v1/services/{service}/check'>['impact']

export function UpdateImpact({ impact, title, use = false }: { impact: Impact; title: string; use?: boolean }) {
  const lines = linesOf(impact, use)
  return (
    <Alert
      type={impact.effect === 'none' ? 'info' : impact.shortage ? 'warning' : 'success'}
      showIcon
      title={lines.length === 1 ? lines[0] : title}
      description={
        lines.length === 1 ? undefined : (
          <ul className="impact">
            {lines.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )
      }
    />
  )
}

function linesOf(impact: Impact, use: boolean): string[] {
  const { effect, version, replicas, replaced, started, ended, wanted, fits, shortage, mayEndFirst } = impact
  if (effect === 'none') return [t('impact.none')]
  const settings = effect === 'settings'
  const idle = !settings && replaced + started + ended === 0
  const shortLines = shortage
    ? [
        t('impact.short', { fits, wanted, why: unplacedText(shortage) }),
        replaced > 0 && mayEndFirst
          ? t('impact.mayEndFirst', { maxUnavailable: impact.maxUnavailable })
          : t('impact.waits'),
      ]
    : []
  return [
    effect === 'scale'
      ? t('impact.scale', { replicas })
      : settings
        ? t(use ? 'impact.settingsUse' : 'impact.settings', { version: String(version) })
        : replaced > 0
          ? t(use ? 'impact.use' : 'impact.version', { version: String(version), replaced })
          : t(use ? 'impact.useAlone' : 'impact.versionAlone', { version: String(version) }),
    ...(idle ? [t('impact.idle')] : []),
    ...(started > 0 ? [t('impact.started', { count: started })] : []),
    ...(ended > 0 ? [t('impact.ended', { count: ended })] : []),
    ...(replaced > 0 ? [t('impact.surge', { maxSurge: impact.maxSurge })] : []),
    ...(wanted > 0 && !shortage ? [t('impact.fits')] : []),
    ...shortLines,
  ]
}
