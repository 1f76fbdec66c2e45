// Will it fit: the server's own answer. Where it does not, each change that would be enough by itself, among them the machines
// to buy, on the buying page as they are wanted.
import { Alert } from 'antd'
import type { Returns } from '../api.ts'
import { formatAll, formatFen, t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { amountsOf, unplacedText } from './cause.ts'
import { useInstallation } from './installation.ts'
import { TextLink } from './TextLink.tsx'

export type Fit = Returns<'POST /v1/services/fit'>
type Help = NonNullable<Fit['instances'][number]['reason']>['helps'][number]

export function WillItFit({ fit, workspaceId }: { fit: Fit; workspaceId: string }) {
  const { verdict, instances, otherInstances, moves } = fit
  const homeless = instances.filter(one => one.machineId === null).length + otherInstances.unplaced
  const total = instances.length + otherInstances.placed + otherInstances.unplaced
  if (verdict === 'fits') return <Alert type="success" showIcon title={t('fit.fits')} />
  if (verdict === 'fits_after_moves') {
    return (
      <Alert
        type="info"
        showIcon
        title={t('fit.fits_after_moves', { count: moves.length })}
        description={
          <ol className="impact">
            {moves.map(({ serviceInstanceId, serviceName: service, fromMachineId: from, toMachineId: to }) => (
              <li key={serviceInstanceId}>{t('fit.move', { service, from, to })}</li>
            ))}
          </ol>
        }
      />
    )
  }
  return (
    <Alert
      type="warning"
      showIcon
      title={t('fit.does_not_fit', { count: homeless, total })}
      description={<Shortage fit={fit} workspaceId={workspaceId} />}
    />
  )
}

function Shortage({ fit: { instances, buy, groupId }, workspaceId }: { fit: Fit; workspaceId: string }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  const reasons = instances.flatMap(one => one.reason ?? [])
  const whys = [...new Set(reasons.map(unplacedText))]
  const helps = new Map(reasons.flatMap(reason => reason.helps.map((help): [string, Help] => [helpText(help), help])))
  return (
    <section aria-label={t('fit.title')}>
      {whys.map(why => (
        <div key={why} className="said">
          {why}
        </div>
      ))}
      {helps.size + buy.length > 0 ? <div>{t('fit.helps')}</div> : <div>{t('fit.noPurchase')}</div>}
      <ul className="impact">
        {[...helps].map(([text, { machineId }]) => (
          <li key={text}>
            <TextLink to={paths.machine(workspaceId, machineId)}>{text}</TextLink>
          </li>
        ))}
        {buy.map(({ regionId, zoneId, specId, chargeType, months, quantity, totalFen, dayFen }) => {
          const search = { groupId, regionId, zoneId, specId, chargeType, quantity, ...(months ? { months } : {}) }
          return (
            <li key={`${chargeType} ${specId}`}>
              <TextLink to={paths.buy(workspaceId, search)}>{t('fit.buy', { quantity, spec: specId })}</TextLink>{' '}
              {months === null
                ? t('fit.perDay', { price: formatFen(dayFen, currency) })
                : t('fit.perMonths', { price: formatFen(totalFen, currency), months })}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

const helpText = (help: Help): string =>
  help.change === 'uncordon'
    ? t('fit.uncordon', { machine: help.machineId })
    : t('fit.shrink', { demand: formatAll(amountsOf(help.to)), machine: help.machineId })
