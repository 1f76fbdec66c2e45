// Before something dangerous: what it does to whom, then a button that names the action. Nothing is done on the way here.
import { Alert, Checkbox, Input, Modal } from 'antd'
import { type ReactNode, useState } from 'react'
import { t } from '../i18n/t.ts'
import { errorText } from './refusal.ts'

interface Props {
  open: boolean
  title: string
  /** The button's words: the action itself, never "OK". */
  action: string
  /** The other button's, where "Cancel" would be mistaken for the action. */
  cancel?: string
  danger?: boolean
  /** What will happen; the lines of a preview that the server computed. */
  children?: ReactNode
  /** Asks for a reason; it is kept with the action. */
  askReason?: boolean | 'needed'
  /** Who reads the reason. */
  reasonHint?: string
  /** A sentence that must be ticked first, for what can't be taken back. */
  acknowledge?: string
  /** False while the preview is still loading, or when it says no. */
  ready?: boolean
  onConfirm: (reason: string) => Promise<unknown>
  onClose: () => void
}

export function ConfirmImpact(props: Props) {
  const {
    open,
    title,
    action,
    cancel = t('common.cancel'),
    danger,
    children,
    askReason,
    reasonHint,
    acknowledge,
    ready = true,
    onConfirm,
    onClose,
  } = props
  const [reason, setReason] = useState('')
  const [ticked, setTicked] = useState(false)
  const [working, setWorking] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const confirm = async () => {
    setWorking(true)
    setError(null)
    try {
      await onConfirm(reason)
      onClose()
    } catch (thrown) {
      setError(thrown)
    } finally {
      setWorking(false)
    }
  }
  const said = askReason !== 'needed' || reason.trim() !== ''
  const reset = () => {
    setReason('')
    setTicked(false)
    setError(null)
  }
  return (
    <Modal
      open={open}
      title={<span className="said">{title}</span>}
      onCancel={onClose}
      afterClose={reset}
      destroyOnHidden
      okText={action}
      cancelText={cancel}
      okButtonProps={{ danger: danger ?? false, disabled: !(ready && said) || (acknowledge !== undefined && !ticked) }}
      confirmLoading={working}
      onOk={() => void confirm()}
    >
      <div style={{ display: 'grid', gap: 12 }}>
        {children}
        {askReason ? <Reason value={reason} hint={reasonHint} onChange={setReason} /> : null}
        {acknowledge ? (
          <Checkbox checked={ticked} onChange={event => setTicked(event.target.checked)}>
            {acknowledge}
          </Checkbox>
        ) : null}
        {error === null ? null : (
          <Alert type="error" showIcon title={<span className="said">{errorText(error)}</span>} />
        )}
      </div>
    </Modal>
  )
}

interface ReasonProps {
  value: string
  hint: string | undefined
  onChange: (reason: string) => void
}

function Reason({ value, hint, onChange }: ReasonProps) {
  return (
    <div>
      <label htmlFor="reason" className="label">
        {t('common.reason')}
      </label>
      <Input.TextArea
        id="reason"
        value={value}
        onChange={event => onChange(event.target.value)}
        maxLength={500}
        rows={2}
      />
      {hint ? <div className="quiet">{hint}</div> : null}
    </div>
  )
}
