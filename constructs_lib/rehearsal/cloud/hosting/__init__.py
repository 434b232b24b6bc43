"""What SageMaker does with models: endpoints, their configurations, fleets, answers and scaling, and the registry."""
