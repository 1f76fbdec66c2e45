// A button of an action. When the server says that it can't be done now, the button is disabled and says why.
import { Button, type ButtonProps, Tooltip } from 'antd'
import { refusalText } from './refusal.ts'

interface Props extends Omit<ButtonProps, 'disabled'> {
  /** From the `refusals` of what is acted on: null when it can be done. */
  refusal?: { code: string; message: string } | null
}

export function ActionButton({ refusal, ...props }: Props) {
  if (!refusal) return <Button {...props} />
  const reason = refusalText(refusal)
  return (
    <Tooltip title={<span className="said">{reason}</span>}>
      {/* Focusable and told to screen readers: a disabled button would be neither. */}
      <Button {...props} onClick={undefined} aria-disabled aria-description={reason} className="ant-btn-disabled" />
    </Tooltip>
  )
}
