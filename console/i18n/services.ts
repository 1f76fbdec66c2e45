// Services: list, deployment, detail.
export const services = {
  'services.title': ['推理服务', 'Services'],
  'services.deploy': ['部署服务', 'Deploy service'],
  'services.name': ['服务名称', 'Name'],
  'services.group': ['资源组', 'Group'],
  'services.replicas': ['实例（运行 / 期望）', 'Instances (running / wanted)'],
  'services.replicasOf': ['{running} / {wanted}', '{running} / {wanted}'],
  'services.version': ['版本', 'Version'],
  'services.reason': ['说明', 'Note'],
  'services.updatedAt': ['更新时间', 'Updated'],
  'services.empty': ['还没有服务', 'No service yet'],
  'services.emptyHint': ['部署一个服务到你的资源组。', 'Deploy one onto a group of yours.'],
  'services.config': ['服务 JSON', 'Service JSON'],
  'services.endpoint': ['调用地址', 'Endpoint'],
  'services.instanceId': ['实例', 'Instance'],
  'services.machine': ['机器', 'Machine'],
  'services.noInstances': ['没有实例', 'No instance'],
} as const
