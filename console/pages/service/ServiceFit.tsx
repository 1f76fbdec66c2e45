// Whether a change of a service fits; with no change, whether what of it waits does.
import type { Input, Returns } from '../../api.ts'
import { live, useApi } from '../../queries.ts'
import { WillItFit } from '../../ui/WillItFit.tsx'

type Service = Pick<Returns<'GET /v1/services/{service}'>, 'serviceId' | 'workspaceId'>
type Change = Input<'POST /v1/services/{service}/fit'>['body']

export function ServiceFit({ service, change = {} }: { service: Service; change?: Change }) {
  const asked = useApi(
    'POST /v1/services/{service}/fit',
    { params: { service: service.serviceId }, body: change },
    live,
  )
  if (!asked.data || asked.isPlaceholderData) return null
  return <WillItFit fit={asked.data} workspaceId={service.workspaceId} />
}
