import { useRouter } from '@tanstack/react-router'
import { Alert, Button, Form, Input } from 'antd'
import { useState } from 'react'
import { t } from '../../i18n/t.ts'
import { usePathParams, useSearchState } from '../../location.ts'
import { paths } from '../../paths.ts'
import { useAct } from '../../queries.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { errorText } from '../../ui/refusal.ts'

export function DeployPage() {
  const { workspaceId } = usePathParams('workspaceId')
  const [{ groupId = '' }] = useSearchState<'groupId'>()
  const router = useRouter()
  const deploy = useAct('POST /v1/services')
  const [text, setText] = useState(() => JSON.stringify({ metadata: { name: '', resource: groupId } }, null, 2))
  const [error, setError] = useState<unknown>(null)
  const submit = async () => {
    try {
      const { service } = await deploy.mutateAsync({ body: { config: JSON.parse(text) } })
      router.history.push(paths.service(workspaceId, service.name))
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <>
      <PageHeader title={t('services.deploy')} trail={[{ text: t('nav.services'), to: paths.services(workspaceId) }]} />
      <Form layout="vertical" onFinish={() => void submit()}>
        <Form.Item label={t('services.config')} htmlFor="config">
          <Input.TextArea id="config" rows={16} value={text} onChange={event => setText(event.target.value)} />
        </Form.Item>
        {error === null ? null : <Alert type="error" showIcon role="alert" title={errorText(error)} />}
        <Button type="primary" htmlType="submit" loading={deploy.isPending} style={{ marginTop: 12 }}>
          {t('services.deploy')}
        </Button>
      </Form>
    </>
  )
}
