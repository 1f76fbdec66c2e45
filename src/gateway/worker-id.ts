/** Each worker of a gateway is a member of its own, and keeps its name over restarts. */
export const workerId = (gatewayId: string, index: number): string => `${gatewayId}-${index}`
