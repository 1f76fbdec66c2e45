/**
 * What the columns of lists need, by what they hold, in either language; the columns of a list together have room on a page
 * of 1,280 px. A long list is drawn with these widths exactly; a short one gives a column more where it holds more, and takes
 * from those that can be broken.
 */
export const widths = {
  /** With the button that copies it. */
  id: 230,
  orderId: 215,
  /** Begins with the name of its service. */
  serviceInstanceId: 265,
  status: 145,
  machineStatus: 150,
  charge: 120,
  /** A zone, a machine spec. */
  spec: 140,
  specAndQuantity: 160,
  /** A figure, or one short word. */
  count: 90,
  /** Used of the whole: vCPU, memory, GPUs. */
  used: 165,
  money: 135,
  /** Where it names its zone, that stands below. */
  instant: 156,
  instantWithSeconds: 182,
  /** With its zone beside it, in lists that have the room. */
  zonedInstant: 210,
  zonedInstantWithSeconds: 240,
  /** What breaks: names, reasons, notes. */
  text: 200,
} as const
