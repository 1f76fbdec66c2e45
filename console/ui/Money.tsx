import { formatFen } from '../i18n/t.ts'
import { useInstallation } from './installation.ts'

/** An amount in the installation's currency. */
export function Money({ fen, strong = false }: { fen: string; strong?: boolean }) {
  const currency = useInstallation()?.currency ?? 'CNY'
  return <span className={strong ? 'numeric price-total' : 'numeric'}>{formatFen(fen, currency)}</span>
}
