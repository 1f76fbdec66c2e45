import { Result } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { LinkButton } from './TextLink.tsx'

export const NotFound = () => <NoSuchPage to={paths.workspaces()} back={t('error.goHome')} />

/** With the way to the nearest page that there is. */
export const NoSuchPage = ({ to, back }: { to: string; back: string }) => (
  <Result
    status="404"
    title={t('error.pageNotFound')}
    subTitle={t('error.pageNotFoundHint')}
    extra={<LinkButton to={to}>{back}</LinkButton>}
  />
)
