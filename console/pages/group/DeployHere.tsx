import { Modal, Typography } from 'antd'
import { t } from '../../i18n/t.ts'
import { paths } from '../../paths.ts'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { IdText } from '../../ui/IdText.tsx'
import { useInstallation } from '../../ui/installation.ts'
import { LinkButton } from '../../ui/TextLink.tsx'
import type { Group } from './GroupListPage.tsx'

interface Props {
  open: boolean
  workspaceId: string
  group: Group
  onClose: () => void
}

/** The group's id where it has to stand: in a service's JSON, which can be deployed as it is, and in the command for it. */
export function DeployHere({ open, workspaceId, group, onClose }: Props) {
  const { groupId } = group
  const model = useInstallation()?.exampleModelPath ?? null
  const json = JSON.stringify(exampleService(group, model), null, 2)
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

/** The digits example, or a command to be put in its place where there is no such file; no larger than a machine here. */
function exampleService({ groupId, machines, cpuMilli, memoryMib }: Group, model: string | null): object {
  const share = (total: number, wanted: number) =>
    machines === 0 ? wanted : Math.min(wanted, Math.floor(total / machines))
  const cpu = share(cpuMilli, 1_000) / 1_000
  const metadata = { name: 'digits', resource: groupId, instance: 1, cpu, memory: share(memoryMib, 384) }
  return model === null
    ? { metadata, containers: [{ command: './serve --port 8000', port: 8000 }] }
    : { metadata, processor: 'onnx', model_path: model }
}
