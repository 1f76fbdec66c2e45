// A secret that the server shows this once: copied or saved before the dialog closes, and never asked for again.
import { Alert, Button, Checkbox, Modal } from 'antd'
import { useState } from 'react'
import { t } from '../i18n/t.ts'
import { CopyButton } from './CopyButton.tsx'
import { Facts } from './Facts.tsx'
import { saveAs } from './save-as.ts'

interface Props {
  title: string
  /** Label, value; secrets among them. */
  facts: [label: string, value: string][]
  fileName: string
  onClose: () => void
}

export function ShownOnce({ title, facts, fileName, onClose }: Props) {
  const [kept, setKept] = useState(false)
  const text = facts.map(([label, value]) => `${label}: ${value}`).join('\n')
  const download = () => saveAs(new Blob([`${text}\n`], { type: 'text/plain;charset=utf-8' }), fileName)
  return (
    <Modal
      open
      title={<span className="said">{title}</span>}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      footer={[
        <Button key="download" onClick={download}>
          {t('once.download')}
        </Button>,
        <Button key="close" type="primary" disabled={!kept} onClick={onClose}>
          {t('once.close')}
        </Button>,
      ]}
    >
      <div style={{ display: 'grid', gap: 12 }}>
        <Alert type="warning" showIcon title={t('once.warning')} />
        <Facts
          below
          items={facts.map(([label, value]) => [
            label,
            <span key={label} className="id-text">
              {value}
              <CopyButton text={value} />
            </span>,
          ])}
        />
        <Checkbox checked={kept} onChange={event => setKept(event.target.checked)}>
          {t('once.kept')}
        </Checkbox>
      </div>
    </Modal>
  )
}
