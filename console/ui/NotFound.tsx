import { Result } from 'antd'
import { t } from '../i18n/t.ts'
import { paths } from '../paths.ts'
import { LinkButton } from './TextLink.tsx'

export const NotFound = () => (
  <Result
    status="404"
    title={t('error.pageNotFound')}
    subTitle={t('error.pageNotFoundHint')}
    extra={<LinkButton to={paths.workspaces()}>{t('error.goHome')}</LinkButton>}
  />
)
