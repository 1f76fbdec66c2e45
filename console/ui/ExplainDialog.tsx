// How a figure came about, from the order to the ledger: the server's steps, told in the reader's language.
import { Modal } from 'antd'
import type { ReactNode } from 'react'
import type { Returns } from '../api.ts'
import { explain } from '../i18n/explain.ts'
import { formatFen, textFrom } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { useApi } from '../queries.ts'
import { ErrorState } from './ErrorState.tsx'
import type { Explainable } from './Explained.tsx'
import { stepText } from './explain-steps.ts'
import { IdText } from './IdText.tsx'
import { useInstallation } from './installation.ts'
import { PageSkeleton } from './PageSkeleton.tsx'
import { useWorkspaceId } from './workspace.ts'

type Explanation = Returns<'GET /v1/orders/{orderId}/explain'>
type Step = Explanation['steps'][number]

function useExplanation({ kind, id }: Explainable) {
  const order = useApi('GET /v1/orders/{orderId}/explain', { params: { orderId: id } }, { enabled: kind === 'order' })
  const machine = useApi(
    'GET /v1/machines/{machineId}/explain',
    { params: { machineId: id } },
    { enabled: kind === 'machine' },
  )
  const transfer = useApi(
    'GET /v1/transfers/{transferId}/explain',
    { params: { transferId: id } },
    { enabled: kind === 'transfer' },
  )
  return { order, machine, transfer }[kind]
}

export function ExplainDialog({ of, onClose }: { of: Explainable; onClose: () => void }) {
  const explanation = useExplanation(of)
  const installation = useInstallation()
  const { amountFen } = explanation.data ?? { amountFen: null }
  return (
    <Modal
      open
      width={720}
      footer={null}
      title={
        amountFen === null
          ? textFrom(explain, of.kind === 'machine' ? 'explain.machineTitle' : 'explain.cameAbout')
          : textFrom(explain, 'explain.title', { amount: formatFen(amountFen, installation?.currency ?? 'CNY') })
      }
      onCancel={onClose}
    >
      {explanation.error && !explanation.data ? (
        <ErrorState error={explanation.error} onRetry={() => void explanation.refetch()} />
      ) : explanation.data && installation ? (
        <>
          <Steps steps={explanation.data.steps} currency={installation.currency} zone={installation.billingZone} />
          <p className="quiet">{textFrom(explain, 'explain.zone', { zone: installation.billingZone })}</p>
        </>
      ) : (
        <PageSkeleton />
      )}
    </Modal>
  )
}

/** Steps of the same kind one after the other stand under one name. */
function sections(steps: readonly Step[]): Step[][] {
  const found: Step[][] = []
  for (const step of steps) {
    const last = found.at(-1)
    if (last?.[0]?.code === step.code) last.push(step)
    else found.push([step])
  }
  return found
}

function Steps({ steps, currency, zone }: { steps: readonly Step[]; currency: string; zone: string }) {
  return (
    <ol className="explanation" aria-label={textFrom(explain, 'explain.steps')}>
      {sections(steps).map(section => (
        <li key={JSON.stringify(section[0])}>
          <div className="step-name">{textFrom(explain, `explain.step.${section[0]?.code ?? 'more'}`)}</div>
          {section.map(step => (
            <div key={JSON.stringify(step)} className="said">
              <StepIds step={step} /> {stepText(step, { currency, zone })}
            </div>
          ))}
        </li>
      ))}
    </ol>
  )
}

/** The order or the machine that a step is about, with the way to it. */
function StepIds({ step: { code, ids } }: { step: Step }): ReactNode {
  const workspaceId = useWorkspaceId()
  const machine = (id: string) =>
    id === '' ? null : <IdText id={id} {...(workspaceId === null ? {} : { to: paths.machine(workspaceId, id) })} />
  if (code === 'order') return <IdText id={ids.orderId ?? ''} to={paths.order(ids.orderId ?? '')} />
  if (code === 'machine' || code === 'line' || code === 'period') return machine(ids.machineId ?? '')
  return null
}
