// The card of a way in which a service scales by itself: turned on, changed and turned off there.
import { App, Card } from 'antd'
import { type ReactNode, useState } from 'react'
import { scaling } from '../../i18n/scaling.ts'
import { textFrom } from '../../i18n/t.ts'
import { ActionButton } from '../../ui/ActionButton.tsx'
import { errorText } from '../../ui/refusal.ts'

interface Props {
  title: string
  isOn: boolean
  /** Of the button that turns it on. */
  turnOnText: string
  turnedOffText: string
  /** Why it can't be turned on or changed now. */
  refusal?: { code: string; message: string } | null
  turnOff: () => Promise<unknown>
  /** The dialog that turns it on or changes it. */
  editor: (onClose: () => void) => ReactNode
  children: ReactNode
}

export function ScalerCard({ title, isOn, turnOnText, turnedOffText, refusal, turnOff, editor, children }: Props) {
  const { message } = App.useApp()
  const [editing, setEditing] = useState(false)
  const [ending, setEnding] = useState(false)
  const end = async () => {
    setEnding(true)
    try {
      await turnOff()
      void message.success(turnedOffText)
    } catch (error) {
      void message.error(errorText(error))
    } finally {
      setEnding(false)
    }
  }
  return (
    <Card
      size="small"
      title={title}
      extra={
        <span className="row-actions">
          <ActionButton size="small" can="service.write" refusal={refusal ?? null} onClick={() => setEditing(true)}>
            {isOn ? textFrom(scaling, 'scaling.change') : turnOnText}
          </ActionButton>
          {isOn ? (
            <ActionButton size="small" can="service.write" loading={ending} onClick={() => void end()}>
              {textFrom(scaling, 'scaling.turnOff')}
            </ActionButton>
          ) : null}
        </span>
      }
      style={{ marginBottom: 16 }}
    >
      {children}
      {editing ? editor(() => setEditing(false)) : null}
    </Card>
  )
}
