import { Input, Select } from 'antd'
import { t, tryT } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { ServiceTable } from './ServiceTable.tsx'

const statuses = ['Running', 'Creating', 'Waiting', 'Updating', 'Scaling', 'Stopping', 'Stopped', 'Failed', 'Deleting']

export function ServiceListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ q = '', status = '' }, setSearch] = useSearchState<'q' | 'status' | 'page'>()
  return (
    <>
      <PageHeader title={t('nav.serving')} />
      <ServingTabs workspaceId={workspaceId} active="services" />
      <div className="toolbar">
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
          <Input.Search
            allowClear
            aria-label={t('services.search')}
            placeholder={t('services.search')}
            defaultValue={q}
            style={{ width: 260 }}
            onChange={event => setSearch({ q: event.target.value, page: undefined })}
          />
          <Select
            aria-label={t('common.status')}
            value={status}
            style={{ minWidth: 140 }}
            onChange={value => setSearch({ status: value, page: undefined })}
            options={[
              { value: '', label: t('services.everyStatus') },
              ...statuses.map(value => ({ value, label: tryT(`status.${value}`) ?? value })),
            ]}
          />
        </div>
        <LinkButton type="primary" to={paths.deploy(workspaceId)}>
          {t('services.deploy')}
        </LinkButton>
      </div>
      <ServiceTable workspaceId={workspaceId} filter={{ q, status }} />
    </>
  )
}
