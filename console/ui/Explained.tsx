// An amount that tells, when pressed, how it came about.
import { useState } from 'react'
import { formatFen, t } from '../i18n/t.ts'
import { useInstallation } from './installation.ts'
import { lazyDialog } from './lazy-dialog.tsx'
import { Money } from './Money.tsx'

const ExplainDialog = lazyDialog(async () => (await import('./ExplainDialog.tsx')).ExplainDialog)

/** What the API can explain: a line of a bill or statement is asked for by its transfer. */
export interface Explainable {
  kind: 'order' | 'machine' | 'transfer'
  id: string
}

export function ExplainedMoney({ fen, of }: { fen: string; of: Explainable }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  const [open, setOpen] = useState(false)
  return (
    <>
      <FigureButton
        label={t('money.explainAmount', { amount: formatFen(fen, currency) })}
        fen={fen}
        onClick={() => setOpen(true)}
      />
      {open ? <ExplainDialog of={of} onClose={() => setOpen(false)} /> : null}
    </>
  )
}

/** An amount that leads on. Bare: a long table has one in each of its rows. */
export function FigureButton({ label, fen, onClick }: { label: string; fen: string; onClick: () => void }) {
  return (
    <button type="button" className="figure" aria-label={label} onClick={onClick}>
      <Money fen={fen} />
    </button>
  )
}
