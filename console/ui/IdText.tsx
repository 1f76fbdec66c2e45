import { t } from '../i18n/t.ts'
import { CopyButton } from './CopyButton.tsx'
import { TextLink } from './TextLink.tsx'

/** An id with its copy button; a link where it has a page. */
export function IdText({ id, to }: { id: string; to?: string }) {
  return (
    <span className="id-text">
      {to ? <TextLink to={to}>{id}</TextLink> : id}
      <CopyButton text={id} label={t('common.copyId')} />
    </span>
  )
}
