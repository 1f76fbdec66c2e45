import { BellOutlined } from '@ant-design/icons'
import { formatNumber, t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { live, useApi } from '../queries.ts'
import { LinkButton } from './TextLink.tsx'

/** More than this is "99+": the sign has no room. */
const countedMax = 99

/** How many notices nobody has read, and the way to them. */
export function NoticeSign() {
  const unread = useApi('GET /v1/notices', { query: { limit: 1 } }, live).data?.unread ?? 0
  return (
    <LinkButton
      type="text"
      to={paths.notices()}
      icon={<BellOutlined aria-hidden />}
      aria-label={t('nav.unreadNotices', { count: unread })}
      className="notice-sign"
      style={{ color: '#fff' }}
    >
      {unread === 0 ? null : (
        <span className="notice-count numeric">{unread > countedMax ? `${countedMax}+` : formatNumber(unread)}</span>
      )}
    </LinkButton>
  )
}
