import { t } from '../../i18n/t.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { MachineTable } from './MachineTable.tsx'

/** The machines of all accounts. What is left to sell stands with the prices. */
export function FleetPage() {
  return (
    <>
      <PageHeader title={t('operator.fleetTitle')} />
      <MachineTable />
    </>
  )
}
