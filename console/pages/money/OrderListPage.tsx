import { t } from '../../i18n/t.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { OrderTable } from './OrderTable.tsx'

export const OrderListPage = () => (
  <>
    <PageHeader title={t('orders.title')} />
    <OrderTable />
  </>
)
