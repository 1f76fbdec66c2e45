// Why an action of this page is not for who is signed in: the server says what the role allows, the reason is its own refusal's.
import { useSession } from '../session.ts'

type Refusal = { code: string; message: string } | null
export type Action = NonNullable<NonNullable<ReturnType<typeof useSession>['data']>['may']>[number]

/** null: the role allows it. */
export function useMay(action: Action): Refusal {
  const { data: session } = useSession()
  return !session || session.may.includes(action) ? null : { code: 'Forbidden', message: '' }
}
