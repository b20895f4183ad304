# Sourced by the examples: the administrator's credentials are those of the environment, and everyone else gets
# a key of their own.
set -euo pipefail
: "${AWS_ENDPOINT_URL:?say where the endpoint is: export AWS_ENDPOINT_URL=http://127.0.0.1:4747}"
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" AWS_PAGER=""
declare -A KEYS

person() { # NAME: a user with a key
  aws iam create-user --user-name "$1" >/dev/null
  KEYS[$1]=$(aws iam create-access-key --user-name "$1" \
    --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
}

as() { # NAME COMMAND…: the command with that person's key
  local id secret
  read -r id secret <<<"${KEYS[$1]}"
  shift
  env -u AWS_PROFILE -u AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID="$id" AWS_SECRET_ACCESS_KEY="$secret" "$@"
}

refused() { # COMMAND…: the command must be refused; says how
  local said
  if said=$("$@" 2>&1); then
    echo "this should have been refused: $*" >&2
    exit 1
  fi
  grep -qE "AccessDenied|UnauthorizedOperation" <<<"$said" || { echo "$said" >&2; exit 1; }
  echo "  refused: $(sed '/^$/d' <<<"$said" | cut -c1-260)"
}

trusting() { # SERVICE: the trust policy of a role for that service
  cat <<JSON
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"Service": "$1"}, "Action": "sts:AssumeRole"}]}
JSON
}
