"""nn.fit(engine="jit") against engine="eager": random small models, losses and settings."""
from fuzz.routes import route
@route
def trained(case, truth):
    return iter(())
