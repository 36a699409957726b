//! The published error codes that are answered here: each once, with its HTTP status and its sentence. Rules and
//! handlers share them, so that one mistake has one code and one wording wherever it is found.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $status:literal, $sentence:literal;)*) => {
        /// A published error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $sentence] $(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The number that is published.
            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The HTTP status that it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it says; an answer may add why.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

codes! {
    StatisticsTooOld = 14241, 400, "Statistics that are older than 30 days are not available";
    InvalidParameter = 20001, 400, "Invalid parameter";
    Unauthenticated = 20003, 401, "Authenticate";
    MethodNotAllowed = 20004, 405, "Method not allowed";
    MessageNotSentYet = 20009, 409, "Cannot change this message before it is sent";
    InvalidToken = 20101, 401, "Invalid Access Token";
    InvalidTokenHeader = 20102, 401, "Invalid Access Token header";
    InvalidTokenIssuer = 20103, 401, "Invalid Access Token issuer/subject";
    TokenExpired = 20104, 401, "Access Token expired or expiration date invalid";
    TokenNotYetValid = 20105, 401, "Access Token not yet valid";
    InvalidTokenGrants = 20106, 401, "Invalid Access Token grants";
    InvalidTokenSignature = 20107, 401, "Invalid Access Token signature";
    TokenTooLong = 20157, 401, "Expiration Time Exceeds Maximum Time Allowed";
    Forbidden = 20403, 403, "403 Forbidden";
    NotFound = 20404, 404, "The requested resource was not found";
    AlreadyExists = 20409, 409, "The resource already exists";
    ReservationRescinded = 20410, 410, "Reservation was rescinded";
    StaleVersion = 20412, 412, "Precondition failed";
    BodyTooLarge = 20413, 413, "Request Entity Too Large";
    TooManyRequests = 20429, 429, "Too Many Requests";
    Defect = 20500, 500, "Internal Server Error";
    Unavailable = 20503, 503, "Service unavailable";

    InvalidTo = 21211, 400, "Invalid 'To' address";
    InvalidFrom = 21212, 400, "Invalid 'From' address";
    InvalidApplicationSid = 21218, 400, "Invalid ApplicationSid";
    InvalidPhoneNumber = 21421, 400, "PhoneNumber is invalid";
    PhoneNumberTaken = 21422, 400, "PhoneNumber is not available";
    AreaCodeNotSupported = 21457, 400, "AreaCode is not supported";
    OtherAccount = 21470, 400, "A number cannot move to another account";
    MessageNeedsBody = 21602, 400, "Message body is required";
    MessageNeedsFrom = 21603, 400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message";
    MessageNeedsTo = 21604, 400, "A 'To' address is required to send a message";
    FromNotOurs = 21606, 400, "The 'From' number is none of the account's phone numbers";
    InvalidStatusCallback = 21609, 400, "StatusCallback is not an http or https URL";
    OptedOut = 21610, 400, "Attempt to send to unsubscribed recipient";
    MessageBodyTooLong = 21617, 400, "The message body exceeds the character limit";
    InvalidMediaUrl = 21620, 400, "Invalid media URL(s)";
    TooManyMediaFiles = 21623, 400, "Number of media files exceeds allowed limit";
    InvalidValidityPeriod = 21624, 400, "Invalid validity period value";
    ContentSidRequired = 21654, 400, "ContentSid Required";
    NoSuchContent = 21655, 400, "The ContentSid is Invalid";
    InvalidContentVariables = 21656, 400, "The ContentVariables Parameter is invalid";
    NoSuchMessagingService = 21701, 400, "The Messaging Service does not exist";
    NoSenderForRecipient = 21703, 400, "The Messaging Service has no sender available for the recipient";
    PoolEmpty = 21704, 400, "The Messaging Service contains no phone numbers";
    InvalidMessagingService = 21705, 400, "The Messaging Service is invalid";
    AlphaSenderMissing = 21708, 400, "Alpha Sender ID is missing";
    InvalidAlphaSender = 21709, 400, "Alpha Sender ID is invalid";
    SenderInPool = 21710, 409, "The sender is already in the Messaging Service";
    SenderNotInPool = 21711, 400, "The sender is not in the pool of the Messaging Service";
    NumberInOtherPool = 21712, 409, "Phone Number is associated with another Messaging Service";
    InvalidUsecase = 21713, 400, "Messaging Service use case is invalid";
    PoolFull = 21714, 400, "The pool of the Messaging Service is full";
    ChannelTypesDiffer = 30016, 400, "'To' and 'From' channel types are incompatible";
    InvalidContentRetention = 30029, 400, "Invalid ContentRetention";
    InvalidAddressRetention = 30030, 400, "Invalid AddressRetention";
    MessageNotCancelable = 30409, 400, "This message cannot be canceled";
    SendAtMissing = 35111, 400, "SendAt timestamp is missing";
    InvalidSendAt = 35114, 400, "SendAt must be an ISO 8601 time between 300 seconds and 35 days in the future";
    ScheduleNeedsService = 35118, 400, "MessagingServiceSid is required to schedule a message";
    InvalidScheduleType = 35126, 400, "The ScheduleType value provided is not supported: it must be fixed";
    ConsentNotKept = 30646, 400, "Failed to Upsert Consent";
    /// The published list has no status; that the request is at fault is inferred.
    ChannelRefused = 63023, 400, "Channel generic error";
    SameFromAndTo = 63031, 400, "A message cannot have the same 'From' and 'To'";

    InvalidInstruction = 40151, 400, "Invalid instruction";
    AbsolutePaging = 40153, 400, "Absolute paging is not supported";

    NoSuchChannelParticipant = 45310, 404, "Interaction channel participant not found";
    TransferFailed = 45313, 400, "Transfer Failed";
    InvalidChannelParticipant = 45351, 400, "Invalid channel participant";
    OutboundChannelFailed = 45352, 400, "Failed to create an outbound Channel";
    ChannelClosed = 45354, 400, "Interaction channel is closed";
    NoCustomer = 45355, 400, "Conversation has no participants";
    ChannelStatusMissing = 45358, 400, "Failed to close Channel. Missing Status parameter";
    InvalidChannelStatus = 45359, 400, "Failed to close Channel. Invalid status parameter";
    InvalidChannel = 45366, 400, "Failed to create Channel. Invalid request parameters";
    InvalidSeat = 45367, 400, "Failed to add Participant";
    JoinsTooLate = 45376, 400, "Failed to add a participant. Conversation was closed or not found";
    WebchatUnauthorized = 45711, 403, "Failed to create webchat participant. Unauthorized";
    InvalidWebchatGuest = 45715, 400, "Failed to create webchat participant. Invalid request parameters";
    TooManyWebchats = 45719, 429, "Failed to create webchat participant. Too many requests";
    PreEngagementTooLarge = 45731, 400, "Pre-engagement data too large";
    PreEngagementNotJson = 45733, 400, "Pre-engagement data is not in valid JSON format";
    InvalidWebchatParameter = 45745, 400, "Invalid or missing parameters in the create conversation request";
    AutoCreationDisabled = 45761, 400, "Failed to validate address configuration. Auto create not enabled";
    InvalidAutoCreation = 45762, 400, "Auto create type is empty or invalid";
    AutoCreationFlowMissing = 45763, 400, "Auto create studio flow SID missing";
    AutoCreationUrlMissing = 45764, 400, "Auto create webhook URL missing";
    NoSuchChatAddress = 45765, 404, "Address configuration data not found";

    FriendlyNameTooLong = 50003, 400, "Friendly name too long";
    UniqueNameTooLong = 50004, 400, "Unique Name too long";
    NoSuchService = 50050, 400, "Service Instance not found";
    InvalidWebhookMethod = 50055, 400, "Invalid webhook method";
    /// The published list has no status; that the caller is forbidden to is inferred.
    WebhookVetoed = 50056, 403, "Webhook disabled processing of command";
    TooManyActions = 50063, 429, "Actions per second limit exceeded";
    NoSuchUserRole = 50100, 400, "Role not found";
    RoleMissing = 50103, 400, "Role SID not provided";
    NoSuchPermission = 50104, 400, "Permission not found";
    InvalidRoleType = 50105, 400, "Invalid role type";
    NoSuchCreatorRole = 50106, 400, "Channel creator role not found";
    /// The published list has no status; that the caller is forbidden to is inferred.
    NotAuthorized = 50107, 403, "User not authorized for command";
    NoSuchRole = 50109, 400, "Conversation role not found";
    UserExists = 50201, 409, "User already exists";
    IdentityReserved = 50203, 400, "Identity reserved";
    IdentityMissing = 50204, 400, "Identity not provided";
    IdentityLikeUserSid = 50206, 400, "Identity should not match user SID pattern";
    IdentityTooLong = 50207, 400, "Identity too long";
    InvalidNotificationLevel = 50210, 400, "Invalid notification level";
    IdentityNotAcceptable = 50211, 400, "Identity parameter not acceptable for this Participant";
    TooManyConversations = 50214, 400, "User conversation limit exceeded";
    AttributesTooLong = 50303, 400, "Attributes too long";
    AttributesNotJson = 50304, 400, "Attributes not valid JSON";
    InvalidDateCreated = 50308, 400, "Invalid Date Created parameter";
    InvalidDateUpdated = 50309, 400, "Invalid Date Updated parameter";
    AuthorTooLong = 50310, 400, "Author parameter is too long";
    InvalidMessagingServiceSid = 50341, 400, "Invalid messaging service SID";
    ForeignMessagingService = 50342, 400, "Messaging service does not belong to account";
    NoSuchConversation = 50350, 404, "Conversation not found";
    UniqueNameTaken = 50353, 409, "Conversation with provided unique name already exists";
    NoSuchWebhook = 50360, 404, "Conversation scoped webhook not found";
    TooManyWebhooks = 50361, 400, "Too many scoped webhooks: a conversation has at most 5";
    TooManyTriggers = 50362, 400, "Too many conversation webhook triggers";
    InvalidWebhookType = 50364, 400, "Invalid conversation webhook type";
    InvalidWebhookFilter = 50365, 400, "Invalid conversation webhook filter";
    InvalidTrigger = 50366, 400, "Invalid conversation webhook trigger";
    InvalidWebhookFlow = 50367, 400, "Invalid conversation webhook flow SID";
    WebhookTypeMissing = 50368, 400, "Conversation webhook type not provided";
    WebhookUrlMissing = 50369, 400, "Conversation webhook URL not provided";
    WebhookFilterMissing = 50370, 400, "Conversation webhook filter not provided";
    TriggerMissing = 50371, 400, "Conversation webhook trigger not provided";
    WebhookUrlTooLong = 50372, 400, "Conversation webhook URL is too long";
    StateEmpty = 50374, 400, "'State' field can't be empty";
    InactiveTimerTooShort = 50375, 400, "TimeToInactive should be greater or equal to 1 minute";
    ClosedTimerTooShort = 50376, 400, "TimeToClosed should be greater or equal to 10 minutes";
    ConversationClosed = 50377, 400, "Conversation is closed and can't be changed";
    InvalidState = 50378, 400, "'State' parameter value is invalid";
    InvalidInactiveTimer = 50379, 400, "TimeToInactive format is invalid";
    InvalidClosedTimer = 50380, 400, "TimeToClosed format is invalid";
    TimerWithoutState = 50382, 400, "Timer can't be set without state";
    BegunClosed = 50384, 400, "Initial state can't be 'closed'";
    UniqueNameLikeSid = 50390, 400, "Unique name should not match conversation sid pattern";
    InvalidBindingAddress = 50407, 400, "Invalid messaging binding address";
    InvalidProxyAddress = 50408, 400, "Invalid participant proxy address";
    BindingAddressesEqual = 50409, 400, "Messaging binding address and proxy address must differ";
    AddressMissing = 50411, 400, "Participant address is empty";
    ProxyAddressMissing = 50412, 400, "Participant proxy address is empty";
    ProxyNotOurs = 50413, 400, "Account is not authorized to use proxy address";
    BindingTypesDiffer = 50414, 400, "Messaging binding address and proxy address types must match";
    ProxyNotOnWhatsapp = 50415, 400, "Proxy address is not WhatsApp enabled sender";
    PairBound = 50416, 409, "A binding for this participant and proxy address already exists";
    TooManyParticipants = 50417, 400, "Conversation participants limit exceeded";
    TooManyChannelParticipants = 50418, 400, "Conversation non-chat participants limit exceeded";
    BindingUnsupported = 50420, 400, "Participant Messaging Binding type does not support all of the provided Messaging Binding parameters";
    InvalidReadIndex = 50421, 400, "Invalid last read message index format";
    NoSuchParticipant = 50432, 404, "Participant not found";
    ParticipantExists = 50433, 409, "Participant already exists";
    ProjectedMissing = 50434, 400, "Participant projected address not provided";
    GroupUnfit = 50435, 400, "Group MMS activation failed";
    GroupFull = 50436, 400, "Participant limit exceeded for group conversation";
    GroupMemberExists = 50437, 409, "Group Participant already exists";
    GroupExists = 50438, 409, "Group conversation with given participant list already exists";
    ProjectedNotOurs = 50439, 400, "Account is not authorized to use the projected address";
    ProxyRemoval = 50440, 400, "Failed to remove the proxy address of a participant";
    ProxyAddition = 50441, 400, "Failed to add a proxy address to a participant";
    ProjectedRemoval = 50442, 400, "Failed to remove the projected address of a participant";
    ProjectedAddition = 50443, 400, "Failed to add a projected address to a participant";
    IdentityAddition = 50444, 400, "Failed to add an identity to a participant";
    TwoLookups = 50451, 400, "Either Identity or Address can be looked up, not both at a time";
    GroupMmsDisabled = 50452, 400, "Group MMS is not enabled for this Account";
    EmptyMessage = 50503, 400, "Message has neither body nor media";
    BodyTooLong = 50504, 400, "Message body is too long";
    NoSuchMedia = 50507, 404, "Media not found";
    MediaTaken = 50508, 409, "Media was already sent with another message";
    InvalidMediaSid = 50510, 400, "Invalid message media SID";
    InvalidMediaType = 50511, 400, "Invalid message media content type";
    MediaTooLarge = 50512, 413, "Message media size is too large";

    AuthorNotInGroup = 50513, 400, "Message author should be among Group MMS participants";
    InvalidContentSid = 50526, 400, "Invalid content SID";
    ContentVariablesNotJson = 50527, 400, "Invalid content variables format";
    ContentSidMissing = 50528, 400, "Content SID is missing";
    ContentVariablesTooLong = 50529, 400, "Content variables are too long";
    ContentKeyTooLong = 50540, 400, "Content variable key is too long";
    ContentValueTooLong = 50541, 400, "Content variable value is too long";
    /// On the vendor's page of errors; the published list of 2023 does not have it.
    ContentTypeUnsupported = 50542, 400, "Unsupported Content Template Type";

    /// Seen in public records of answers; the published list of 2023 does not have it.
    InvalidAssertion = 70002, 400, "Invalid Policy";
    /// As the one before.
    PermissionMissing = 70051, 401, "Authorization Error";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_stands_for_one_mistake_and_is_an_error() {
        let numbers: BTreeSet<u32> = Code::ALL.iter().map(|code| code.number()).collect();
        let sentences: BTreeSet<&str> = Code::ALL.iter().map(|code| code.sentence()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
        assert_eq!(sentences.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }
}
