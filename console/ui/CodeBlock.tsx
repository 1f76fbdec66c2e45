import { Typography } from 'antd'
import { t } from '../i18n/t.ts'

/** Text to copy, as it is. */
export function CodeBlock({ code }: { code: string }) {
  return (
    <div style={{ position: 'relative' }}>
      <pre className="code">{code}</pre>
      <Typography.Text
        copyable={{ text: code, tooltips: [t('common.copy'), t('common.copied')] }}
        style={{ position: 'absolute', insetBlockStart: 8, insetInlineEnd: 8 }}
      />
    </div>
  )
}
