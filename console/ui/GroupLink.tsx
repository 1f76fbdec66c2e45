// A group by its name, with the way to it.
import { Skeleton } from 'antd'
import { paths } from '../paths.ts'
import { still, useApi } from '../queries.ts'
import { TextLink } from './TextLink.tsx'

interface Props {
  workspaceId: string | null
  groupId: string
}

/** Its id is shown only where its name can't be had: of a group that is gone. */
export function GroupLink({ workspaceId, groupId }: Props) {
  const group = useApi('GET /v1/groups/{groupId}', { params: { groupId } }, still)
  if (group.isPending) return <NamePlace />
  const [name, className] = group.data ? [group.data.name, 'said'] : [groupId, 'id-text']
  if (workspaceId === null) return <span className={className}>{name}</span>
  return (
    <TextLink to={paths.group(workspaceId, groupId)} className={className}>
      {name}
    </TextLink>
  )
}

/** Where a name will stand. */
const NamePlace = () => <Skeleton.Input active size="small" style={{ height: 16, minWidth: 96, width: 96 }} />
