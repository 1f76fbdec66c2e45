// Every operation of /v1, in the order of the document.
import type { Route } from '../route.ts'
import { accessKeyRoutes } from './access-keys.ts'
import { accountViewRoutes } from './account-view.ts'
import { accountRoutes } from './accounts.ts'
import { alignmentRoutes } from './alignments.ts'
import { auditRoutes } from './audit.ts'
import { auditorRoutes } from './auditor.ts'
import { autoscalerRoutes } from './autoscalers.ts'
import { billRoutes } from './bill.ts'
import { catalogRoutes } from './catalog.ts'
import { controllerRoutes } from './controllers.ts'
import { cronScalerRoutes } from './cron-scalers.ts'
import { drainPlanRoutes } from './drain-plans.ts'
import { drainRoutes } from './drains.ts'
import { earlyReleaseRoutes } from './early-releases.ts'
import { eventRoutes } from './events.ts'
import { expiryRoutes } from './expiries.ts'
import { explainRoutes } from './explain.ts'
import { fitRoutes } from './fits.ts'
import { groupRoutes } from './groups.ts'
import { instanceActRoutes } from './instance-acts.ts'
import { machineChangeRoutes } from './machine-changes.ts'
import { machineRoutes } from './machines.ts'
import { noticeRoutes } from './notices.ts'
import { orderRoutes } from './orders.ts'
import { rebalanceRoutes } from './rebalances.ts'
import { renewalRoutes } from './renewals.ts'
import { repairRoutes } from './repairs.ts'
import { resizeRoutes } from './resizes.ts'
import { rolloutRoutes } from './rollouts.ts'
import { serviceImpactRoutes } from './service-impact.ts'
import { serviceInstanceRoutes } from './service-instances.ts'
import { serviceKeyRoutes } from './service-keys.ts'
import { serviceMetricsRoutes } from './service-metrics.ts'
import { serviceVersionRoutes } from './service-versions.ts'
import { serviceRoutes } from './services.ts'
import { signInRoutes } from './sign-in.ts'
import { statementRoutes } from './statements.ts'
import { statusRoutes } from './status.ts'
import { trafficRoutes } from './traffic-groups.ts'
import { tryRoutes } from './try.ts'
import { userRoutes } from './users.ts'
import { walletRoutes } from './wallet.ts'

export const routes: readonly Route[] = [
  ...catalogRoutes,
  ...orderRoutes,
  ...renewalRoutes,
  ...alignmentRoutes,
  ...resizeRoutes,
  ...groupRoutes,
  ...rebalanceRoutes,
  ...machineRoutes,
  ...machineChangeRoutes,
  ...repairRoutes,
  ...drainRoutes,
  ...drainPlanRoutes,
  ...serviceRoutes,
  ...serviceImpactRoutes,
  ...fitRoutes,
  ...serviceVersionRoutes,
  ...rolloutRoutes,
  ...autoscalerRoutes,
  ...cronScalerRoutes,
  ...serviceMetricsRoutes,
  ...serviceInstanceRoutes,
  ...instanceActRoutes,
  ...trafficRoutes,
  ...serviceKeyRoutes,
  ...tryRoutes,
  ...walletRoutes,
  ...billRoutes,
  ...statementRoutes,
  ...noticeRoutes,
  ...expiryRoutes,
  ...explainRoutes,
  ...eventRoutes,
  ...signInRoutes,
  ...accountRoutes,
  ...earlyReleaseRoutes,
  ...accountViewRoutes,
  ...accessKeyRoutes,
  ...userRoutes,
  ...auditRoutes,
  ...auditorRoutes,
  ...controllerRoutes,
  ...statusRoutes,
]
