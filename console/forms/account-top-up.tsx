import { Alert, App, Form, InputNumber, Modal, Segmented } from 'antd'
import { useState } from 'react'
import type { Item } from '../api.ts'
import { formatFen, t } from '../i18n/t.ts'
import { useAct } from '../queries.ts'
import { useInstallation } from '../ui/installation.ts'
import { errorText } from '../ui/refusal.ts'
import { toUnits } from './amount.ts'

type Wallet = 'cash' | 'voucher'

/** Puts money into the wallet of an account. One opening of the form is one top-up, however often it is sent. */
export function AccountTopUp({ account, onClose }: { account: Item<'GET /v1/accounts'>; onClose: () => void }) {
  const { message } = App.useApp()
  const currency = useInstallation()?.currency ?? 'CNY'
  const [amount, setAmount] = useState<string | null>(null)
  const [wallet, setWallet] = useState<Wallet>('cash')
  const [clientToken] = useState(() => crypto.randomUUID())
  const topUp = useAct('POST /v1/accounts/{accountId}/top-ups')
  const amountFen = amount ? toUnits(amount, 2) : '0'
  const submit = async () => {
    const params = { accountId: account.accountId }
    await topUp.mutateAsync({
      params,
      body: { amountFen, wallet, clientToken: `${clientToken}-${wallet}-${amountFen}` },
    })
    void message.success(t('operator.toppedUp', { amount: formatFen(amountFen, currency) }))
    onClose()
  }
  return (
    <Modal
      open
      title={<span className="said">{t('operator.topUpTitle', { name: account.name })}</span>}
      okText={t('operator.topUp')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: amountFen === '0' }}
      confirmLoading={topUp.isPending}
      onCancel={onClose}
      // What is refused is shown below.
      onOk={() => void submit().catch(() => undefined)}
    >
      <Form layout="vertical" component="div">
        <Form.Item label={t('operator.amount', { currency })} htmlFor="top-up-amount">
          <InputNumber<string>
            id="top-up-amount"
            autoFocus
            stringMode
            min="0"
            max="99999999999999"
            precision={2}
            value={amount}
            onChange={setAmount}
            style={{ width: '100%' }}
          />
        </Form.Item>
        <Form.Item label={t('wallet.into')}>
          <Segmented<Wallet>
            aria-label={t('wallet.into')}
            value={wallet}
            onChange={setWallet}
            options={(['cash', 'voucher'] as const).map(value => ({ value, label: t(`wallet.${value}`) }))}
          />
        </Form.Item>
      </Form>
      {topUp.error ? <Alert type="error" showIcon role="alert" title={errorText(topUp.error)} /> : null}
    </Modal>
  )
}
