// The commands that talk to the API: one noun a file, all declared through CommandTree.
import type { Command } from 'commander'
import { CommandTree } from './command.ts'
import { addAccountCommands } from './commands/account.ts'
import { addApplyCommands } from './commands/apply.ts'
import { addAuditorCommand } from './commands/auditor.ts'
import { addBillCommand } from './commands/bill.ts'
import { addCatalogCommands } from './commands/catalog.ts'
import { addControllersCommand } from './commands/controllers.ts'
import { addDrainPlanCommands } from './commands/drain-plan.ts'
import { addExplainCommands } from './commands/explain.ts'
import { addGroupCommands } from './commands/group.ts'
import { addInvokeCommand } from './commands/invoke.ts'
import { addLogsCommand } from './commands/logs.ts'
import { addMachineCommands } from './commands/machine.ts'
import { addMachineExpiriesCommand } from './commands/machine-expiries.ts'
import { addMachineRenewalCommands } from './commands/machine-renewal.ts'
import { addNoticeCommands } from './commands/notice.ts'
import { addOrderCommands } from './commands/order.ts'
import { addPeopleCommands } from './commands/people.ts'
import { addServiceCommands } from './commands/service.ts'
import { addServiceAutoscaleCommands } from './commands/service-autoscale.ts'
import { addServiceCronCommands } from './commands/service-cron.ts'
import { addServiceInstanceCommands } from './commands/service-instance.ts'
import { addServiceRolloutCommands } from './commands/service-rollout.ts'
import { addServiceVersionCommands } from './commands/service-version.ts'
import { addStatementCommands } from './commands/statement.ts'
import { addServiceKeyCommands, addTrafficCommands } from './commands/traffic.ts'
import { addWalletCommands } from './commands/wallet.ts'
import type { ApiCommandOptions } from './session.ts'

export function addApiCommands(program: Command, options: ApiCommandOptions): void {
  const tree = new CommandTree(program, options)
  addCatalogCommands(tree)
  addGroupCommands(tree.noun('group', 'dedicated resource groups: buy, scale out, rename, renew, delete'))
  addOrderCommands(tree.noun('order', 'orders: what was bought, paid, delivered and refunded'))
  const machines = tree.noun('machine', 'machines: cordon, drain, renew, release')
  addMachineCommands(machines)
  addMachineRenewalCommands(machines)
  addMachineExpiriesCommand(machines)
  addDrainPlanCommands(tree.noun('drain-plan', 'drain plans: many machines, one batch after the other, within windows'))
  const services = tree.noun('service', 'services: deploy, scale, update, stop, delete')
  addServiceCommands(services)
  addServiceInstanceCommands(services)
  addServiceVersionCommands(services)
  addServiceRolloutCommands(services)
  addServiceAutoscaleCommands(services)
  addServiceKeyCommands(services)
  addApplyCommands(tree)
  addTrafficCommands(tree.noun('traffic', 'traffic groups: canary, blue-green, mirrors'))
  addServiceCronCommands(services)
  addLogsCommand(tree)
  addInvokeCommand(tree)
  addWalletCommands(tree.noun('wallet', 'the wallet: balance, what moved in it, top-up'))
  addBillCommand(tree)
  addStatementCommands(tree.noun('statement', 'monthly statements: draft, then final for good'))
  addExplainCommands(tree.noun('explain', 'explain what something cost, and where a service is placed'))
  addAuditorCommand(tree)
  addControllersCommand(tree)
  addNoticeCommands(tree.noun('notice', 'notices: what the account must know in time'))
  addAccountCommands(tree)
  addPeopleCommands(tree)
}
