// What becomes of the service instances that an action touches, service by service, as the server foresees it.
import { Alert } from 'antd'
import type { Returns } from '../../api.ts'
import { t } from '../../i18n/t.ts'
import { unplacedText } from '../../ui/cause.ts'

type ServiceImpact = Returns<'POST /v1/machines/preview'>['services'][number]
type InstanceImpact = ServiceImpact['instances'][number]

const shownAtMost = 8

export function InstanceImpacts({ services }: { services: readonly ServiceImpact[] }) {
  const rows = services.flatMap(service => service.instances.map(instance => ({ service, instance })))
  const count = (fate: InstanceImpact['fate']) => rows.filter(({ instance }) => instance.fate === fate).length
  const homeless = rows.filter(({ instance }) => instance.noRoom !== null)
  const suffering = services.filter(service => service.losesLast || service.belowFloor)
  return (
    <>
      {suffering.map(({ serviceId, name, running, runningAfter, floor, losesLast, ownerName }) => (
        <Alert
          key={serviceId}
          type={losesLast ? 'error' : 'warning'}
          showIcon
          title={
            <span className="said">
              {losesLast
                ? t('impact.losesLast', { name, owner: ownerName.name })
                : t('impact.belowFloor', { name, running, after: runningAfter, floor, owner: ownerName.name })}
            </span>
          }
        />
      ))}
      {homeless.length > 0 && count('moves') > 0 ? (
        <Alert type="warning" showIcon title={t('impact.noRoom', { count: homeless.length })} />
      ) : null}
      {(['moves', 'restarts', 'finishes', 'stops'] as const).map(fate =>
        count(fate) > 0 ? <strong key={fate}>{t(`impact.fate.${fate}`, { count: count(fate) })}</strong> : null,
      )}
      {rows.length > 0 ? (
        <ul className="impact">
          {rows.slice(0, shownAtMost).map(({ service, instance }) => (
            <li key={instance.serviceInstanceId}>
              <span className="said">{service.name}</span> <span className="id-text">{instance.serviceInstanceId}</span>
              <Where instance={instance} />
            </li>
          ))}
          {rows.length > shownAtMost ? <li>{t('impact.more', { count: rows.length - shownAtMost })}</li> : null}
        </ul>
      ) : null}
    </>
  )
}

function Where({ instance: { toMachineId, noRoom, inFlight, fate } }: { instance: InstanceImpact }) {
  return (
    <>
      {toMachineId ? (
        <>
          {' '}
          {t(fate === 'moves' ? 'impact.to' : 'impact.anotherOn')} <span className="id-text">{toMachineId}</span>
        </>
      ) : null}
      {fate === 'moves' && !toMachineId && !noRoom ? ` ${t('impact.toUnknown')}` : null}
      {noRoom ? (
        <>
          {' · '}
          <span className="said">{unplacedText(noRoom)}</span>
        </>
      ) : null}
      {inFlight === null ? null : ` · ${t('impact.inFlight', { count: inFlight })}`}
    </>
  )
}
