// A sum of a statement, and the way to the lines that it is the sum of.
import { useState } from 'react'
import type { Input } from '../../api.ts'
import { statements as texts } from '../../i18n/statements.ts'
import { formatFen, textFrom } from '../../i18n/t.ts'
import { FigureButton } from '../../ui/Explained.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { lazyDialog } from '../../ui/lazy-dialog.tsx'
import { Money } from '../../ui/Money.tsx'

const StatementLinesDialog = lazyDialog(async () => (await import('./StatementLinesDialog.tsx')).StatementLinesDialog)

type Query = NonNullable<Input<'GET /v1/statements/{month}/lines'>['query']>
/** Which lines: all of the statement, or those to which all of this fits. */
export type LinesOf = Pick<Query, 'machineId' | 'kind' | 'item' | 'day'>

interface Props {
  month: string
  of: LinesOf
  fen: string
}

export function LinesMoney({ month, of, fen }: Props) {
  const [open, setOpen] = useState(false)
  const currency = useInstallation()?.currency ?? 'CNY'
  if (fen === '0') return <Money fen={fen} />
  return (
    <>
      <FigureButton
        fen={fen}
        label={textFrom(texts, 'statements.linesOf', { amount: formatFen(fen, currency) })}
        onClick={() => setOpen(true)}
      />
      {open ? <StatementLinesDialog month={month} of={of} onClose={() => setOpen(false)} /> : null}
    </>
  )
}
