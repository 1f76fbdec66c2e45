// How a service scales by itself: its bounds and targets, and what was decided last with its figures.
import type { Returns } from '../../api.ts'
import { ServiceAutoscale } from '../../forms/service-autoscale.tsx'
import { scaling } from '../../i18n/scaling.ts'
import { formatAgo, formatList, formatNumber, textFrom } from '../../i18n/t.ts'
import { useAct, useApi } from '../../queries.ts'
import { Facts } from '../../ui/Facts.tsx'
import { ScalerCard } from './ScalerCard.tsx'
import type { Service } from './ServiceActions.tsx'

type Autoscaler = Returns<'GET /v1/services/{service}/autoscaler'>

/** It decides every ten seconds. */
const everyMs = 10_000

export function AutoscaleCard({ service }: { service: Service }) {
  const params = { service: service.serviceId }
  const isOn = service.autoscaler !== null
  const answer = useApi(
    'GET /v1/services/{service}/autoscaler',
    { params },
    { enabled: isOn, refetchInterval: everyMs },
  )
  const remove = useAct('DELETE /v1/services/{service}/autoscaler')
  const found = isOn ? (answer.data ?? null) : null
  return (
    <ScalerCard
      title={textFrom(scaling, 'scaling.title')}
      isOn={isOn}
      turnOnText={textFrom(scaling, 'scaling.turnOn')}
      turnedOffText={textFrom(scaling, 'scaling.turnedOff')}
      refusal={service.refusals.scale}
      turnOff={() => remove.mutateAsync({ params })}
      editor={onClose => <ServiceAutoscale service={service} present={found} onClose={onClose} />}
    >
      {found ? (
        <AutoscaleFacts found={found} />
      ) : (
        <span className="quiet">{isOn ? '' : textFrom(scaling, 'scaling.off')}</span>
      )}
    </ScalerCard>
  )
}

function AutoscaleFacts({ found }: { found: Autoscaler }) {
  const { min, max, scaleStrategies, verdict, decidedAt, floor } = found
  const wakes = min === 0 ? textFrom(scaling, 'scaling.wakes') : ''
  const targets = scaleStrategies.map(({ metricName, threshold }) => {
    const value = verdict?.metrics.find(one => one.metric === metricName)?.value ?? null
    return textFrom(scaling, 'scaling.targetOf', {
      metric: textFrom(scaling, `scaling.metric.${metricName}`),
      threshold: formatNumber(threshold),
      value: value === null ? textFrom(scaling, 'scaling.noFigures') : formatNumber(value),
    })
  })
  return (
    <Facts
      items={[
        [textFrom(scaling, 'scaling.bounds'), textFrom(scaling, 'scaling.boundsOf', { min, max }) + wakes],
        [
          textFrom(scaling, 'scaling.targets'),
          targets.length === 0 ? textFrom(scaling, 'scaling.noTargets') : formatList(targets),
        ],
        ...(floor > 0 ? [[textFrom(scaling, 'scaling.floor'), formatNumber(floor)] as [string, string]] : []),
        [
          textFrom(scaling, 'scaling.last'),
          verdict === null || decidedAt === null
            ? textFrom(scaling, 'scaling.none')
            : `${verdictText(verdict)} · ${formatAgo(decidedAt, Date.now())}`,
        ],
      ]}
    />
  )
}

const verdictText = ({ code, before, replicas, advised }: NonNullable<Autoscaler['verdict']>): string =>
  textFrom(scaling, `scaling.verdict.${code}`, { before, replicas, advised: advised ?? replicas })
