// The service instances on a machine, each with its log and its restart.
import { App, Space } from 'antd'
import { useState } from 'react'
import type { Item } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { live, useAct, useApi } from '../../queries.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { ConfirmImpact } from '../../ui/ConfirmImpact.tsx'
import { widths } from '../../ui/column-widths.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { Instant } from '../../ui/Instant.tsx'
import { StatusTag } from '../../ui/StatusTag.tsx'
import { TextLink } from '../../ui/TextLink.tsx'

type ServiceInstance = Item<'GET /v1/machines/{machineId}/instances'>

export function MachineInstances({ workspaceId, machineId }: { workspaceId: string; machineId: string }) {
  const { message } = App.useApp()
  const [restarting, setRestarting] = useState<ServiceInstance | null>(null)
  const answer = useApi('GET /v1/machines/{machineId}/instances', { params: { machineId } }, live)
  const restart = useAct('POST /v1/services/{service}/instances/{serviceInstanceId}/restart')
  const confirm = async ({ serviceId: service, serviceInstanceId }: ServiceInstance) => {
    await restart.mutateAsync({ params: { service, serviceInstanceId } })
    void message.success(t('machines.instanceRestarting'))
  }
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
                <ActionButton can="service.write" size="small" onClick={() => setRestarting(one)}>
                  {t('machines.restart')}
                </ActionButton>
              </Space>
            ),
          },
        ]}
      />
      <OtherInstances count={answer.data?.others ?? 0} />
      {restarting === null ? null : (
        <ConfirmImpact
          open
          title={t('machines.restartTitle', { name: restarting.serviceName })}
          action={t('machines.restart')}
          onConfirm={() => confirm(restarting)}
          onClose={() => setRestarting(null)}
        >
          <div>{t('machines.restartImpact')}</div>
          <span className="id-text">{restarting.serviceInstanceId}</span>
        </ConfirmImpact>
      )}
    </>
  )
}

const Status = ({ status, reason }: ServiceInstance) => (
  <>
    <StatusTag status={status} /> <span className="said quiet">{reason}</span>
  </>
)

/** Of services that whoever looks does not see: their number alone. */
export function OtherInstances({ count }: { count: number }) {
  return count > 0 ? <p className="quiet">{t('machines.otherInstances', { count })}</p> : null
}
