// The service instances on a machine, each with its log and its restart.
import { Space } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { causesText } from '../../ui/cause.ts'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'
import { RestartInstance } from '../service/RestartInstance.tsx'

type ServiceInstance = Item<'GET /v1/machines/{machineId}/instances'>

/** Nothing of these is restarted: they go, or are kept to be looked at. */
const goes = new Set(['Isolated', 'Restarting', 'Terminating'])

export function MachineInstances({ workspaceId, machineId }: { workspaceId: string; machineId: string }) {
  const [restarting, setRestarting] = useState<ServiceInstance | null>(null)
  const answer = useApi('GET /v1/machines/{machineId}/instances', { params: { machineId } }, live)
  return (
    <>
      <DataTable<ServiceInstance>
        label={t('machines.instances')}
        answer={{ ...answer, data: answer.data?.items }}
        rowKey={one => one.serviceInstanceId}
        pageParameter="instances"
        empty={<EmptyState title={t('machines.noInstances')} />}
        columns={[
          {
            title: t('services.name'),
            width: widths.text,
            render: (_, { serviceName }) => (
              <TextLink to={paths.service(workspaceId, serviceName)} className="said">
                {serviceName}
              </TextLink>
            ),
          },
          {
            title: t('services.instanceId'),
            width: widths.serviceInstanceId,
            render: (_, one) => <IdText id={one.serviceInstanceId} />,
          },
          { title: t('common.status'), width: widths.text, render: (_, one) => <Status {...one} /> },
          { title: t('machines.readyAt'), width: widths.instant, render: (_, { readyAt }) => <Instant at={readyAt} /> },
          {
            title: t('common.actions'),
            width: widths.text,
            render: (_, one) => (
              <Space>
                <TextLink to={paths.service(workspaceId, one.serviceName, { tab: 'logs', log: one.serviceInstanceId })}>
                  {t('machines.log')}
                </TextLink>
                {goes.has(one.status) ? null : (
                  <ActionButton can="service.write" size="small" onClick={() => setRestarting(one)}>
                    {t('machines.restart')}
                  </ActionButton>
                )}
              </Space>
            ),
          },
        ]}
      />
      <OtherInstances count={answer.data?.others ?? 0} />
      {restarting === null ? null : (
        <RestartInstance
          service={restarting.serviceId}
          serviceInstanceId={restarting.serviceInstanceId}
          onClose={() => setRestarting(null)}
        />
      )}
    </>
  )
}

const Status = ({ status, cause }: ServiceInstance) => (
  <>
    <StatusTag status={status} /> {cause === null ? null : <span className="said quiet">{causesText([cause])}</span>}
  </>
)

/** Of services that whoever looks does not see: their number alone. */
export function OtherInstances({ count }: { count: number }) {
  return count > 0 ? <p className="quiet">{t('machines.otherInstances', { count })}</p> : null
}
