import { Typography } from 'antd'
import { t } from '../i18n/t.ts'
import { TextLink } from './TextLink.tsx'

/** An id with its copy button; a link where it has a page. */
export function IdText({ id, to }: { id: string; to?: string }) {
  return (
    <Typography.Text
      className="id-text"
      copyable={{ text: id, tooltips: [t('common.copyId'), t('common.copied')] }}
      aria-label={id}
    >
      {to ? <TextLink to={to}>{id}</TextLink> : id}
    </Typography.Text>
  )
}
