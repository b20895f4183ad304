"""IAM Access Analyzer's checks of policies. Importing the package registers its handlers.

Analyzers, findings and previews are not among them: the services behind the gateway have those.
"""

from passrole.services.accessanalyzer import checks, validation

__all__ = ["checks", "validation"]
