// The platform's operator: accounts, what is sold, the whole fleet.
export const operator = {
  'operator.accountId': ['账号 ID', 'Account ID'],
  'operator.noAccounts': ['还没有账号', 'No account yet'],
  'operator.stock': ['库存（可售 / 总量）', 'Stock (available / total)'],
  'operator.stockOf': ['{available} / {total}', '{available} / {total}'],
  'operator.noOfferings': ['还没有可售规格', 'Nothing is sold yet'],
  'operator.priceVersion': ['价格版本', 'Price version'],
  'operator.fleetTitle': ['各可用区的机器', 'Machines by zone and spec'],
  'operator.sold': ['已售', 'Sold'],
} as const
