import { useRouter } from '@tanstack/react-router'
import { Alert, Button, Card, Form, Input, Segmented } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { prefer, usePreferences } from '../../preferences.ts'
import { still, useApi } from '../../queries.ts'
import { signIn } from '../../session.ts'
import { errorText, refusalText } from '../../ui/refusal.ts'

const resetCommand = 'berth user reset-password'

interface Credentials {
  account: string
  user: string
  password: string
}

export function SignInPage() {
  const { language } = usePreferences()
  const router = useRouter()
  const [{ from, refused }] = useSearchState<'from' | 'refused'>()
  const [error, setError] = useState<unknown>(null)
  const [working, setWorking] = useState(false)
  // Only addresses of this console: `//elsewhere` is another site's.
  const next = from?.startsWith('/') && !/^\/[/\\]/.test(from) ? from : paths.home()
  const ways = useApi('GET /v1/sign-in', {}, still)
  const submit = async (credentials: Credentials) => {
    setWorking(true)
    setError(null)
    try {
      await signIn(credentials)
      router.history.replace(next)
    } catch (thrown) {
      setError(thrown)
      setWorking(false)
    }
  }
  // Coming back from an identity provider that said no, the address tells why.
  const problem = error !== null ? errorText(error) : refused ? refusalText({ code: refused, message: '' }) : null
  const needed = [{ required: true, message: t('signIn.needed') }]
  return (
    <main className="sign-in">
      <Card className="sign-in-card">
        <h1 style={{ margin: '0 0 16px', fontSize: 20 }}>{t('signIn.title')}</h1>
        <Form<Credentials> layout="vertical" requiredMark={false} onFinish={values => void submit(values)}>
          <Form.Item name="account" label={t('signIn.account')} rules={needed}>
            <Input autoComplete="organization" autoFocus maxLength={100} />
          </Form.Item>
          <Form.Item name="user" label={t('signIn.user')} rules={needed}>
            <Input autoComplete="username" maxLength={100} />
          </Form.Item>
          <Form.Item name="password" label={t('signIn.password')} rules={needed}>
            <Input.Password autoComplete="current-password" maxLength={200} />
          </Form.Item>
          {problem === null ? null : (
            <Alert type="error" showIcon role="alert" title={problem} style={{ marginBottom: 16 }} />
          )}
          <Button type="primary" htmlType="submit" block loading={working}>
            {t('signIn.submit')}
          </Button>
        </Form>
        {ways.data?.oidc ? (
          // A navigation, not a call: the provider's own pages come next.
          <Button block href={`/v1/sign-in/oidc?next=${encodeURIComponent(next)}`} style={{ marginTop: 8 }}>
            {t('signIn.oidc')}
          </Button>
        ) : null}
        <p className="quiet" style={{ margin: '16px 0' }}>
          {t('signIn.lost')} <code className="id-text">{resetCommand}</code>
        </p>
        <Segmented
          aria-label={t('account.language')}
          value={language}
          onChange={chosen => prefer({ language: chosen })}
          options={[
            { value: 'zh' as const, label: t('account.chinese') },
            { value: 'en' as const, label: t('account.english') },
          ]}
        />
      </Card>
    </main>
  )
}
