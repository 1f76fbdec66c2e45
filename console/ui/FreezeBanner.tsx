import { Alert } from 'antd'
import { formatInstant, t } from '../i18n/t.ts'
import { live, useApi } from '../queries.ts'

/** On every page: most machines of a region are away at once, and nothing is done there by itself. */
export function FreezeBanner() {
  const freezes = useApi('GET /v1/freezes', {}, live).data?.items ?? []
  return freezes.map(({ regionId, frozenAt, away, machines }) => (
    <Alert
      key={regionId}
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 12 }}
      title={t('freeze.title', { region: regionId, away, machines })}
      description={t('freeze.hint', { at: formatInstant(frozenAt) })}
    />
  ))
}
