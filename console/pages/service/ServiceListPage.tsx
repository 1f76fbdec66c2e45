import { t } from '../../i18n/t.ts'
import { usePathParams } from '../../location.ts'
import { paths } from '../../paths.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { ServingTabs } from '../../ui/ServingTabs.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'
import { ServiceTable } from './ServiceTable.tsx'

export function ServiceListPage() {
  const { workspaceId } = usePathParams('workspaceId')
  return (
    <>
      <PageHeader title={t('nav.serving')} />
      <ServingTabs workspaceId={workspaceId} active="services" />
      <div className="toolbar">
        <span />
        <LinkButton type="primary" to={paths.deploy(workspaceId)}>
          {t('services.deploy')}
        </LinkButton>
      </div>
      <ServiceTable workspaceId={workspaceId} />
    </>
  )
}
