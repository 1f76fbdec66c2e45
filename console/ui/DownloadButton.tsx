import { App, Button, type ButtonProps } from 'antd'
import { useState } from 'react'
import { errorText } from './refusal.ts'
import { saveAs } from './save-as.ts'

interface Props extends Omit<ButtonProps, 'onClick' | 'loading'> {
  fileName: string
  /** Asks for the file. */
  load: () => Promise<Response>
}

export function DownloadButton({ fileName, load, ...button }: Props) {
  const { message } = App.useApp()
  const [saving, setSaving] = useState(false)
  const save = async () => {
    setSaving(true)
    try {
      saveAs(await (await load()).blob(), fileName)
    } catch (error) {
      void message.error(errorText(error))
    } finally {
      setSaving(false)
    }
  }
  return <Button {...button} loading={saving} onClick={() => void save()} />
}
