import { Modal, Typography } from 'antd'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { LinkButton } from '../../ui/TextLink.tsx'

interface Props {
  open: boolean
  workspaceId: string
  groupId: string
  onClose: () => void
}

/** The group's id where it has to stand: in a service's JSON, and in the command that deploys it. */
export function DeployHere({ open, workspaceId, groupId, onClose }: Props) {
  const json = JSON.stringify(
    {
      metadata: { name: 'digits', resource: groupId, instance: 1, cpu: 1, memory: 512 },
      processor: 'onnx',
      model_path: 'examples/digits/model.onnx',
    },
    null,
    2,
  )
  return (
    <Modal
      open={open}
      title={t('groups.deploy')}
      onCancel={onClose}
      width={640}
      footer={
        <LinkButton type="primary" to={paths.deploy(workspaceId, { groupId })}>
          {t('groups.deployService')}
        </LinkButton>
      }
    >
      <Typography.Paragraph>{t('groups.deployHint')}</Typography.Paragraph>
      <Typography.Paragraph>
        <IdText id={groupId} />
      </Typography.Paragraph>
      <Typography.Title level={5}>{t('groups.deployJson')}</Typography.Title>
      <CodeBlock code={json} />
      <Typography.Title level={5}>{t('groups.deployCli')}</Typography.Title>
      <CodeBlock code="berth service deploy service.json" />
    </Modal>
  )
}
