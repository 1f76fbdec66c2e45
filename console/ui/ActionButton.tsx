// A button of an action. When the role does not allow it, or the server says that it can't be done now, the button is disabled
// and says why.
import { Button, type ButtonProps, Tooltip } from 'antd'
import { useInstallation } from './installation.ts'
import { type Action, useMay } from './may.ts'
import { refusalText } from './refusal.ts'

interface Props extends ButtonProps {
  /** From the `refusals` of what is acted on: null when it can be done. */
  refusal?: { code: string; message: string } | null
  /** What the operation behind it needs (`can` of its route); without it, whoever sees the button may. */
  can?: Action
}

export function ActionButton({ refusal, can = 'catalog.read', ...props }: Props) {
  const forbidden = useMay(can)
  const why = forbidden ?? refusal
  return why ? <Disabled {...props} why={why} /> : <Button {...props} />
}

function Disabled({ why, ...props }: ButtonProps & { why: { code: string; message: string } }) {
  const reason = refusalText(why, useInstallation()?.operatorContact)
  return (
    <Tooltip title={<span className="said">{reason}</span>}>
      {/* Focusable and told to screen readers: a disabled button would be neither. */}
      <Button {...props} onClick={undefined} aria-disabled aria-description={reason} className="ant-btn-disabled" />
    </Tooltip>
  )
}
