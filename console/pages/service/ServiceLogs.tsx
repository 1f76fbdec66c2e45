// The log of a service's instances: live, searched as one types, downloaded whole.
import { DownloadOutlined } from '@ant-design/icons'
import { Alert, Button, Checkbox, Input, Select } from 'antd'
import { useState } from 'react'
import { formatInstant, t, tryT } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { live, useApi } from '../../queries.ts'
import { LogView } from '../../ui/LogView.tsx'
import { errorText } from '../../ui/refusal.ts'
import { saveAs } from '../../ui/save-as.ts'
import type { Service } from './ServiceActions.tsx'
import { useLog, wholeLog } from './use-log.ts'

export function ServiceLogs({ service }: { service: Service }) {
  const [{ log: chosen = '' }, setSearch] = useSearchState<'log'>()
  const [search, setText] = useState('')
  const [follow, setFollow] = useState(true)
  const [saving, setSaving] = useState(false)
  const log = useLog(service.serviceId, chosen === '' ? null : chosen)
  const kept = search === '' ? log.lines : log.lines.filter(line => line.toLowerCase().includes(search.toLowerCase()))
  const of = log.serviceInstanceId
  const download = async () => {
    if (of === null) return
    setSaving(true)
    try {
      saveAs(await wholeLog(service.serviceId, of), `${service.name}-${of}.log`)
    } finally {
      setSaving(false)
    }
  }
  return (
    <div style={{ display: 'grid', gap: 12, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <div className="toolbar" style={{ marginBottom: 0 }}>
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'center' }}>
          <InstanceSelect service={service} value={chosen} onChange={log => setSearch({ log })} />
          <Input.Search
            allowClear
            aria-label={t('logs.search')}
            placeholder={t('logs.search')}
            style={{ width: 240 }}
            value={search}
            onChange={event => setText(event.target.value)}
          />
          <span role="status" className="quiet">
            {search === ''
              ? t('logs.lines', { lines: log.lines.length })
              : t('logs.matches', { matches: kept.length, lines: log.lines.length })}
          </span>
        </div>
        <div style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
          <Checkbox checked={follow} onChange={event => setFollow(event.target.checked)}>
            {t('logs.follow')}
          </Checkbox>
          <Button
            icon={<DownloadOutlined aria-hidden />}
            loading={saving}
            disabled={of === null}
            onClick={() => void download()}
          >
            {t('logs.download')}
          </Button>
        </div>
      </div>
      {log.error ? (
        <Alert type="warning" showIcon title={t('logs.reconnecting', { why: errorText(log.error) })} />
      ) : null}
      <LogView
        label={t('logs.region')}
        lines={log.read && log.lines.length === 0 ? [t('logs.empty')] : kept}
        search={search}
        follow={follow}
        onFollow={setFollow}
      />
    </div>
  )
}

function InstanceSelect(props: { service: Service; value: string; onChange: (serviceInstanceId: string) => void }) {
  const { service, value, onChange } = props
  const input = { params: { service: service.serviceId }, query: { ended: 'true' as const } }
  const instances = useApi('GET /v1/services/{service}/instances', input, live).data?.items ?? []
  const options = instances
    .filter(one => one.machineId !== null)
    .map(({ serviceInstanceId, status, createdAt }) => ({
      value: serviceInstanceId,
      label: `${serviceInstanceId} · ${tryT(`status.${status}`) ?? status} · ${formatInstant(createdAt)}`,
    }))
  return (
    <Select
      aria-label={t('logs.instance')}
      value={value}
      onChange={onChange}
      style={{ minWidth: 180, maxWidth: 420 }}
      popupMatchSelectWidth={false}
      options={[{ value: '', label: t('logs.newest') }, ...options]}
    />
  )
}
