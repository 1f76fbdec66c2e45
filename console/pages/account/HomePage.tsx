import { Navigate } from '@tanstack/react-router'
import { paths } from '../../paths.ts'
import { useSession } from '../../session.ts'

/** Where everyone begins: buyers with their workspaces, the operator with the accounts. */
export function HomePage() {
  const { data: session } = useSession()
  return <Navigate to={session?.role === 'operator' ? paths.operatorAccounts() : paths.workspaces()} replace />
}
