// The EAS-compatible face: every operation of its OpenAPI 2021-07-01 at its own method and path. Who calls is verified
// before anything else is said; an operation that is not served is refused by name, with what to use instead.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, authorize } from '../../identity/access.ts'
import { Refusal } from '../../lib/errors.ts'
import { noteResult, noteWrite } from '../audit-note.ts'
import type { ApiContext } from '../context.ts'
import { refuseText } from '../json-body.ts'
import { bodyValue, sendProblem, whoCalls } from '../server.ts'
import { refuseOtherWorkspace } from '../workspace-scope.ts'
import { autoscalerOperations } from './autoscalers.ts'
import { type EasOperations, notServed } from './call.ts'
import { catalogOperations } from './catalog.ts'
import { cronScalerOperations } from './cron-scalers.ts'
import { insteadOf } from './instead.ts'
import { machineOperations } from './machines.ts'
import { type OperationName, operations } from './operations.ts'
import { easProblem } from './problem.ts'
import { purchaseOperations } from './purchase.ts'
import { resourceOperations } from './resources.ts'
import { serviceHistoryOperations } from './service-history.ts'
import { serviceInstanceOperations } from './service-instances.ts'
import { serviceOperations } from './services.ts'
import { trafficOperations } from './traffic.ts'

/** What is offered of it. */
export const served: EasOperations = {
  ...catalogOperations,
  ...resourceOperations,
  ...purchaseOperations,
  ...machineOperations,
  ...serviceOperations,
  ...serviceInstanceOperations,
  ...serviceHistoryOperations,
  ...autoscalerOperations,
  ...trafficOperations,
  ...cronScalerOperations,
}

const prefix = '/api/v2'

export function easRoutes(app: FastifyInstance, context: ApiContext): void {
  // A scope of its own, so that everything below the prefix is refused in EAS's shape: bodies that do not parse as well.
  app.register(
    async scope => {
      const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown) =>
        sendProblem(context, request, reply, error, easProblem(request.headers.host ?? ''))
      scope.setErrorHandler((error, request, reply) => refuse(request, reply, error))
      scope.setNotFoundHandler((request, reply) => {
        const [path] = request.url.split('?')
        return refuse(request, reply, new Refusal('RouteNotFound', `There is no operation ${request.method} ${path}.`))
      })
      for (const [name, method, path] of operations) {
        scope.route({
          method,
          url: path.slice(prefix.length).replaceAll(/\{(\w+)\}/g, ':$1'),
          exposeHeadRoute: false,
          handler: (request, reply) => answer(context, name, request, reply),
        })
      }
    },
    { prefix },
  )
}

async function answer(
  context: ApiContext,
  name: OperationName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const principal = await whoCalls(context, request)
  if (request.method !== 'GET') noteWrite(request, principal, name, request.params as object)
  refuseOtherAction(name, request)
  for (const [field, value] of Object.entries({ ...(request.params as object), ...(request.query as object) })) {
    refuseText(field, 'query')
    refuseText(value, field)
  }
  const operation = served[name]
  if (!operation) throw notServed(`${name} is not offered here.`, insteadOf(name))
  authorize(principal, operation.can)
  const { ClusterId: regionId, ServiceName: serviceName } = request.params as Record<string, string | undefined>
  if (regionId !== undefined && serviceName !== undefined) {
    await refuseOtherWorkspace(context, principal, { name: serviceName, regionId }, operation.can)
  }
  const result = await operation.handle(context, {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    body: bodyValue(request),
    principal,
    actor: actorOf(principal),
  })
  if (request.method !== 'GET') {
    noteResult(request, result)
    context.nudge()
  }
  return reply.header('x-request-id', request.id).send({ RequestId: request.id, ...result })
}

/** Clients of today say which operation they mean; what method and path mean must be the same. */
function refuseOtherAction(name: OperationName, request: FastifyRequest): void {
  const said = request.headers['x-acs-action']
  if (said === undefined || said === name) return
  throw new Refusal('ActionMismatch', `x-acs-action says ${said}, but this method and path are ${name}.`, {
    field: 'x-acs-action',
  })
}
